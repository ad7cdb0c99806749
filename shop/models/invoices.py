"""Model of an issued invoice."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import Order


class Invoice(models.Model):
    """An invoice exactly as issued. `edition` is a digest of everything on it that may change, such as refunds.

    Repeated requests return the same document; a change results in a new edition.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="invoices", verbose_name=_("order"))
    edition = models.CharField(_("edition"), max_length=64)
    pdf = models.BinaryField(_("PDF"))
    made_at = models.DateTimeField(_("issued"), default=timezone.now)

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["order", "edition"], name="shop_one_invoice_an_edition"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.edition[:8]}"
