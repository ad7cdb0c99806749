"""Issues invoices: rendered on first request, stored, and returned unchanged from then on."""

import hashlib
import json
from collections.abc import Iterator, Sequence

from django.utils import translation

from orders.models import Order
from orders.pdf.merge import merge_pdfs
from payments.gateways import method_label
from shop.invoices.pdf import changeable_parts, invoice_pdf
from shop.models import Invoice
from shop.order_pages.selectors import OrderView, order_view

#: Invoices per file. Rendering that many takes a few seconds, within the request timeout.
MAX_AT_ONCE = 200


class NoInvoice(ValueError):
    """None of the orders has been paid, or too many were selected."""


def issue_invoice(*, view: OrderView) -> bytes:
    """The PDF invoice of a paid order in the active language, rendered and stored unless already issued."""
    edition = _edition_of(view)
    stored = Invoice.objects.filter(order=view.order, edition=edition).values_list("pdf", flat=True).first()
    if stored is not None:
        return bytes(stored)
    pdf = invoice_pdf(view=view, paid_with=_paid_with(view))
    # Of two concurrent requests, the first one's copy is stored and both return it.
    invoice, _created = Invoice.objects.get_or_create(order=view.order, edition=edition, defaults={"pdf": pdf})
    return bytes(invoice.pdf)


def combined_invoices(*, orders: Sequence[Order]) -> bytes:
    """One PDF with the invoices of the paid orders, each in its order's language.

    Each invoice is stored as soon as it is rendered. Raises `NoInvoice`.
    """
    if len(orders) > MAX_AT_ONCE:
        raise NoInvoice(
            translation.gettext("At most %(max)s invoices at once. Nothing was printed.") % {"max": MAX_AT_ONCE}
        )
    pdfs = list(_issue_each(orders))
    if not pdfs:
        raise NoInvoice(
            translation.gettext("None of the selected orders has been paid, so there are no invoices to print.")
        )
    return merge_pdfs(pdfs)


def _issue_each(orders: Sequence[Order]) -> Iterator[bytes]:
    for order in orders:
        with translation.override(order.language):
            view = order_view(public_id=order.public_id)
            if view.has_invoice:
                yield issue_invoice(view=view)


def _edition_of(view: OrderView) -> str:
    facts = [translation.get_language(), *changeable_parts(view=view, paid_with=_paid_with(view))]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _paid_with(view: OrderView) -> str:
    return method_label(view.payment.method) if view.payment else ""
