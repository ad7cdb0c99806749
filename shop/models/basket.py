"""Model of an account's saved basket."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class SavedBasket(models.Model):
    """The basket of an account. `lines` holds `[sku, quantity, price when chosen in minor units]`."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="basket"
    )
    lines = models.JSONField(default=list)
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user_id}: {len(self.lines)}"
