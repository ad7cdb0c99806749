"""Model of a product review."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from shop.models.catalogue import Product

MAX_STARS = 5
TEXT_LENGTH = 2000


class ReviewQuerySet(models.QuerySet["Review"]):
    def shown(self) -> "ReviewQuerySet":
        """Published reviews: moderators can hide a review."""
        return self.filter(is_shown=True)


class Review(models.Model):
    """One shopper's review of one product. `order` proves the purchase.

    `author` signs reviews without a user; only the demo's examples have one. If a shopper's data is erased, the review
    stays, without a name.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="reviews", verbose_name=_("product"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="reviews",
        verbose_name=_("user"),
    )
    order = models.ForeignKey(
        "orders.Order", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("order")
    )
    author = models.CharField(_("author"), max_length=60, blank=True)
    stars = models.PositiveSmallIntegerField(_("stars"), choices=[(n, str(n)) for n in range(1, MAX_STARS + 1)])
    title = models.CharField(_("title"), max_length=80)
    text = models.TextField(_("text"), max_length=TEXT_LENGTH, blank=True)
    is_shown = models.BooleanField(_("published"), default=True)
    at = models.DateTimeField(_("written"), default=timezone.now)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        permissions = [("moderate_review", _("Can hide and publish reviews"))]
        constraints = [
            models.UniqueConstraint(fields=["product", "user"], name="shop_review_once_by_a_shopper"),
            models.CheckConstraint(
                condition=Q(stars__gte=1) & Q(stars__lte=MAX_STARS), name="shop_review_stars_are_1_to_5"
            ),
        ]
        indexes = [
            models.Index(fields=["product", "-at", "-id"], name="shop_review_newest", condition=Q(is_shown=True)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def signed(self) -> str:
        """First name and initial: nothing else about a shopper is shown."""
        if self.user is None:
            return self.author or str(_("A buyer"))
        first, last = self.user.first_name.strip(), self.user.last_name.strip()
        return " ".join(part for part in (first, f"{last[0]}." if last else "") if part) if first else str(_("A buyer"))
