"""Files of invoices and credit notes: made once, stored, and returned unchanged from then on."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from orders.models import Order
from orders.pdf.merge import merge_pdfs
from payments.models import SETTLED
from shop.invoices.services import issue_missing_invoices
from shop.models import CreditNote, Invoice

#: Papers in one file. Making that many takes a few seconds, within the request timeout.
MAX_AT_ONCE = 200


class NothingToPrint(ValueError):
    """None of the chosen orders has an invoice, or too many were selected."""


def pdf_of(paper: Invoice | CreditNote) -> bytes:
    """The stored file. Of two first requests at once, both get the one that was stored."""
    rows = type(paper)._default_manager.filter(pk=paper.pk)
    stored = rows.values_list("pdf", flat=True).get()
    if stored is None:
        rows.filter(pdf=None).update(pdf=_made(paper))
        stored = rows.values_list("pdf", flat=True).get()
    return bytes(stored or b"")


def combined_pdf(papers: Sequence[Invoice | CreditNote]) -> bytes:
    """One file of these papers. Each is stored as soon as it is made. Raises `NothingToPrint`."""
    _check_count(papers)
    return merge_pdfs(pdf_of(paper) for paper in papers)


def combined_invoices(*, orders: Sequence[Order]) -> bytes:
    """One file of the invoices of these orders, without those of erased ones. Raises `NothingToPrint`."""
    _check_count(orders)
    shown = [order for order in orders if order.anonymised_at is None]
    late = Order.objects.filter(pk__in=[order.pk for order in shown])
    for order in late.filter(payments__status__in=SETTLED, payments__invoice=None).distinct():
        issue_missing_invoices(order=order)
    found = Invoice.objects.defer("pdf").filter(order__in=shown)
    at = {order.pk: place for place, order in enumerate(shown)}
    invoices = sorted(found, key=lambda invoice: (at[invoice.order_id], invoice.pk))
    if not invoices:
        raise NothingToPrint(_("None of the selected orders has an invoice. It is made when the parcel is booked."))
    return merge_pdfs(pdf_of(invoice) for invoice in invoices)


def _made(paper: Invoice | CreditNote) -> bytes:
    from shop.invoices.pdf import credit_note_pdf, invoice_pdf  # the PDF library, which most processes never need

    return invoice_pdf(paper) if isinstance(paper, Invoice) else credit_note_pdf(paper)


def _check_count(rows: Sequence[object]) -> None:
    if len(rows) > MAX_AT_ONCE:
        raise NothingToPrint(_("At most %(max)s at once. Nothing was printed.") % {"max": MAX_AT_ONCE})
