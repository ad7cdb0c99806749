"""Model of an erasure that is under way."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Erasure(models.Model):
    """A closed account of which something is left to erase. Its last slice deletes this row and the account.

    With `guest_email`, the orders that were placed with this address without signing in are erased, too; if nothing
    else is, the account was made for that and never had an owner. `sign_in_names` are the user name and the e-mail
    address it signed in with. `words` are its names and addresses, those that most of its orders have: orders that are
    erased in an earlier slice no longer have them.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="erasure",
        verbose_name=_("user"),
    )
    requested_at = models.DateTimeField(_("requested at"), default=timezone.now)
    sign_in_names = models.JSONField(_("user names"), default=list)
    words = models.JSONField(_("words"), default=list)

    guest_email = models.EmailField(_("e-mail of guests"), blank=True, default="", db_default="")

    class Meta:
        default_permissions = ()
        permissions = [("erase_account", _("Can close and erase accounts, and erase guests' orders"))]
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")

    def __str__(self) -> str:
        return f"erasure of account {self.user_id}"
