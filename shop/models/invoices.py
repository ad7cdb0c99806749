"""Model of an issued invoice."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import Order


class Invoice(models.Model):
    """An invoice as it was first given out. `edition` is a digest of all that may change on it, such as money that was
    given back: what is asked for again is the same paper, and what has changed since is another one."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="invoices")
    edition = models.CharField(max_length=64)
    pdf = models.BinaryField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["order", "edition"], name="shop_one_invoice_an_edition"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.edition[:8]}"
