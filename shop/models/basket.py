"""Model of an account's saved basket."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SavedBasket(models.Model):
    """An account's basket. `lines` holds `[sku, quantity, price when added, in minor units]`."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="basket",
        verbose_name=_("user"),
    )
    lines = models.JSONField(_("lines"), default=list)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        verbose_name = _("saved basket")
        verbose_name_plural = _("saved baskets")

    def __str__(self) -> str:
        return f"{self.user_id}: {len(self.lines)}"
