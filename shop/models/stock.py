"""Models of stock movements and products low in stock."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from shop.models.catalogue import Product

REFERENCE_MAX, NOTE_MAX = 100, 200


class StockMovement(models.Model):
    """A stock change: positive in, negative out. The sum of a product's movements is its stock.

    Append-only, enforced by database triggers. A product that ever had stock therefore cannot be deleted, only
    unlisted by `is_listed`. `reference` is the number of an order or a return, or a user name.
    """

    class Reason(models.TextChoices):
        RESTOCK = "restock", _("restock")
        SALE = "sale", _("sale")
        RELEASE = "release", _("release")
        CORRECTION = "correction", _("correction")
        RETURN = "return", _("return")

    id = models.BigAutoField(primary_key=True)
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, db_index=False, related_name="movements", verbose_name=_("product")
    )
    quantity = models.IntegerField(_("quantity"))
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    reference = models.CharField(_("reference"), max_length=REFERENCE_MAX, blank=True, db_index=True)
    note = models.CharField(_("note"), max_length=NOTE_MAX, blank=True, default="", db_default="")
    at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        indexes = [
            # For a product's newest movements, and its recent sales by an index-only scan.
            models.Index(fields=["product", "-at", "-id", "quantity", "reason"], name="shop_stockmovement_newest"),
            # Nearly all movements are sales, which need no index.
            models.Index(fields=["reason", "-id"], name="shop_stockmovement_by_reason", condition=~Q(reason="sale")),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(quantity=0), name="shop_stockmovement_moves_something"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity:+} {self.reason}"


class LowStock(Product):
    """Proxy of `Product` for the low stock page in the admin."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("product low in stock")
        verbose_name_plural = _("low stock")
