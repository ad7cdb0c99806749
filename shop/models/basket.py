"""Models of saved baskets: an account's and a guest's."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class BasketRow(models.Model):
    """`lines` holds `[sku, quantity, price when added, in minor units]`."""

    lines = models.JSONField(_("lines"), default=list)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        abstract = True


class SavedBasket(BasketRow):
    """An account's basket."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="basket",
        verbose_name=_("user"),
    )

    class Meta:
        verbose_name = _("saved basket")
        verbose_name_plural = _("saved baskets")

    def __str__(self) -> str:
        return f"{self.user_id}: {len(self.lines)}"


class GuestBasket(BasketRow):
    """A guest's basket. Its key is kept in the session."""

    key = models.CharField(_("key"), primary_key=True, max_length=64)

    class Meta:
        verbose_name = _("guest's basket")
        verbose_name_plural = _("guests' baskets")
        indexes = [models.Index(fields=["changed_at"], name="shop_guestbasket_changed")]

    def __str__(self) -> str:
        return str(len(self.lines))
