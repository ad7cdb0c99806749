"""Model of an account's saved addresses."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.values import STATE_LABEL, Address


class SavedAddress(models.Model):
    """A shopper's saved address. Orders hold copies, so changing it affects no order."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="addresses", verbose_name=_("user")
    )
    name = models.CharField(_("name"), max_length=100)
    line1 = models.CharField(_("street and number"), max_length=200)
    line2 = models.CharField(_("address line 2"), max_length=200, blank=True, default="", db_default="")
    city = models.CharField(_("city"), max_length=100)
    postcode = models.CharField(_("postcode"), max_length=20)
    state = models.CharField(STATE_LABEL, max_length=100, blank=True, default="", db_default="")
    country = models.CharField(_("country"), max_length=2)
    is_default = models.BooleanField(_("default address"), default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["-is_default", "-id"]
        verbose_name = _("saved address")
        verbose_name_plural = _("saved addresses")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(is_default=True), name="shop_savedaddress_one_default_a_user"
            ),
        ]

    def __str__(self) -> str:
        return ", ".join([self.name, *self.address.lines])

    @property
    def address(self) -> Address:
        return Address.of(self)
