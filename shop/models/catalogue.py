"""Models of categories and products."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from shop.models.localised import Localised, LocalisedQuerySet


def default_reorder_level() -> int:
    return settings.SHOP_REORDER_LEVEL


class CategoryQuerySet(LocalisedQuerySet["Category"]):
    pass


class Category(Localised):
    localised_fields = ("name", "blurb")

    name = models.CharField(_("name"), max_length=60)
    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    blurb = models.CharField(_("blurb"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop:category", args=[self.slug])


class ProductQuerySet(LocalisedQuerySet["Product"]):
    def listed(self) -> "ProductQuerySet":
        """What shoppers may see: goods known only from imported orders are not listed."""
        return self.filter(is_listed=True)

    def running_low(self) -> "ProductQuerySet":
        """Those that shoppers may see of which there are no more than their `reorder_level`."""
        return self.listed().filter(runs_low=True)

    def on_shelves(self) -> "ProductQuerySet":
        """Those that shoppers may see, each with its category, in the active language."""
        return self.listed().select_related("category").in_active_language()


class Product(Localised):
    """`price` is in minor units of `currency`; `stock` is what can still be sold: the sum of its stock movements.

    `rating_count` and `rating_sum` are of the reviews that are shown; `shop.reviews` keeps them, so that cards of a
    catalogue page need not ask. `runs_low` is kept by the database: it changes only where a sale crosses the line, so
    that PostgreSQL need not touch the indexes of this table for every piece that is sold.
    """

    localised_fields = ("name", "tagline", "description")
    localised_parent = "category"

    sku = models.CharField(_("sku"), max_length=40, unique=True)
    slug = models.SlugField(_("slug"), max_length=120, unique=True)
    name = models.CharField(_("name"), max_length=200)
    tagline = models.CharField(_("tagline"), max_length=120, blank=True)
    description = models.TextField(_("description"), blank=True)
    category = models.ForeignKey(
        Category, null=True, blank=True, on_delete=models.PROTECT, related_name="products", verbose_name=_("category")
    )
    price = models.PositiveBigIntegerField(_("price"), help_text=_("minor units"))
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    stock = models.IntegerField(_("stock"), default=0, editable=False)
    reorder_level = models.PositiveIntegerField(
        _("reorder level"),
        default=default_reorder_level,
        db_default=5,
        help_text=_("at so many pieces, or fewer, it should be ordered anew"),
    )
    runs_low = models.GeneratedField(
        expression=Q(stock__lte=F("reorder_level")),  # type: ignore[arg-type]
        output_field=models.BooleanField(),
        db_persist=True,
    )
    image = models.CharField(_("image"), max_length=100, blank=True, help_text=_("path below static/"))
    is_listed = models.BooleanField(_("is listed"), default=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    rating_count = models.PositiveIntegerField(_("rating count"), default=0, db_default=0, editable=False)
    rating_sum = models.PositiveIntegerField(_("rating sum"), default=0, db_default=0, editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.CheckConstraint(condition=Q(stock__gte=0), name="shop_product_stock_is_never_negative"),
        ]
        # One for each way of sorting, of all goods and of a category: a page of any of them reads a page's rows.
        indexes = [
            models.Index(fields=["category", "position"], name="shop_listed", condition=Q(is_listed=True)),
            models.Index(fields=["category", "price", "id"], name="shop_listed_by_price", condition=Q(is_listed=True)),
            models.Index(
                fields=["category", "-created_at", "-id"], name="shop_listed_by_age", condition=Q(is_listed=True)
            ),
            models.Index(fields=["position", "id"], name="shop_all", condition=Q(is_listed=True)),
            models.Index(fields=["price", "id"], name="shop_all_by_price", condition=Q(is_listed=True)),
            models.Index(fields=["-created_at", "-id"], name="shop_all_by_age", condition=Q(is_listed=True)),
            models.Index(fields=["id"], name="shop_low_stock", condition=Q(is_listed=True, runs_low=True)),
        ]
        permissions = [("restock_product", _("Can restock products")), ("correct_stock", _("Can correct stock"))]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop:product", args=[self.slug])

    @property
    def rating(self) -> float | None:
        """The average of the stars of its reviews, 1 to 5; None before the first."""
        return self.rating_sum / self.rating_count if self.rating_count else None
