"""Models of invoices and credit notes: records with consecutive numbers, kept for as long as the law requires."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import Order
from orders.money import display
from payments.models import Payment, Refund


class NumberSeries(models.Model):
    """The last number of a series in a year. Locked until the transaction that takes a number ends: no gaps.

    `records_since`, in the row that the migration wrote: a payment captured before had an invoice without a record.
    """

    series = models.CharField(_("series"), max_length=10)
    year = models.PositiveSmallIntegerField(_("year"))
    last = models.PositiveIntegerField(_("last number"), default=0, db_default=0)
    records_since = models.DateTimeField(_("records since"), null=True, blank=True)

    class Meta:
        verbose_name = _("number series")
        verbose_name_plural = _("number series")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="shop_one_number_series_a_year")]

    def __str__(self) -> str:
        return f"{self.series} {self.year}: {self.last}"


class Paper(models.Model):
    """An invoice or a credit note, exactly as issued. Amounts are in minor units of `currency`.

    `data` is all that it says, frozen, so that a later change of the shop changes nothing; `pdf` is made from it once,
    when it is first asked for. `series`, `year` and `sequence` make its number; an invoice from before invoices were
    records has its order's number and no sequence. The `total` contains the `tax`, or no tax was determined.
    """

    series = models.CharField(_("series"), max_length=10)
    year = models.PositiveSmallIntegerField(_("year"))
    sequence = models.PositiveIntegerField(_("sequence"), null=True, blank=True)
    number = models.CharField(_("number"), max_length=40, unique=True)
    issued_at = models.DateTimeField(_("issued at"), default=timezone.now)
    issued_on = models.DateField(_("issued on"))
    kept_until = models.DateField(_("kept until"), db_index=True)
    currency = models.CharField(_("currency"), max_length=3)
    total = models.PositiveBigIntegerField(_("total"))
    tax = models.PositiveBigIntegerField(_("tax"), null=True, blank=True)
    data: Any = models.JSONField(_("data"))
    pdf = models.BinaryField(_("PDF"), null=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.number

    @property
    def amount(self) -> str:
        """The total for people."""
        return display(self.total, self.currency)

    @property
    def tax_text(self) -> str:
        """The tax for people; empty if none was determined."""
        return "" if self.tax is None else display(self.tax, self.currency)


class Invoice(Paper):
    """The invoice of a captured payment."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="invoices", verbose_name=_("order"))
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="invoice", verbose_name=_("payment"))

    class Meta:
        db_table = "shop_issuedinvoice"
        ordering = ["-id"]
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["series", "year", "sequence"], condition=~Q(sequence=None), name="shop_one_invoice_a_number"
            )
        ]
        indexes = [models.Index(fields=["year", "-id"], name="shop_invoice_by_year")]


class CreditNote(Paper):
    """It corrects an invoice. `refund` is the one that it was issued for, and not on the paper."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="credit_notes", verbose_name=_("order"))
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, related_name="credit_notes", verbose_name=_("invoice")
    )
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="credit_notes", verbose_name=_("refund"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("credit note")
        verbose_name_plural = _("credit notes")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["series", "year", "sequence"], name="shop_one_credit_note_a_number")
        ]
        indexes = [models.Index(fields=["year", "-id"], name="shop_creditnote_by_year")]


class EarlierInvoice(models.Model):
    """A file of an invoice from before invoices were records. Nothing writes these any more.

    `edition` is a digest of everything on it that could change, such as refunds.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+", verbose_name=_("order"))
    edition = models.CharField(_("edition"), max_length=64)
    pdf = models.BinaryField(_("PDF"))
    made_at = models.DateTimeField(_("issued"), default=timezone.now)

    class Meta:
        db_table = "shop_invoice"
        verbose_name = _("earlier invoice")
        verbose_name_plural = _("earlier invoices")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["order", "edition"], name="shop_one_invoice_an_edition"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.edition[:8]}"
