"""Issues invoices: drawn on first request, stored, and handed out unchanged from then on."""

import hashlib
import json
from collections.abc import Iterator, Sequence

from django.utils import translation

from orders.models import Order
from orders.paper.together import together
from payments.gateways import method_label
from shop.invoices.pdf import changeable_parts, invoice_pdf
from shop.models import Invoice
from shop.order_pages.selectors import OrderView, order_view

#: Invoices in one file. Drawing that many takes some seconds, within the time a request may take.
MOST_AT_ONCE = 200


class NoInvoice(ValueError):
    """None of the orders was paid, or there are too many of them."""


def issue_invoice(*, view: OrderView) -> bytes:
    """The PDF invoice of a paid order in the active language, drawn and stored unless it is there already."""
    edition = _edition(view)
    kept = Invoice.objects.filter(order=view.order, edition=edition).values_list("pdf", flat=True).first()
    if kept is not None:
        return bytes(kept)
    pdf = invoice_pdf(view=view, paid_with=_paid_with(view))
    # Of two concurrent requests the first one's copy is stored, and both return it.
    written, _created = Invoice.objects.get_or_create(order=view.order, edition=edition, defaults={"pdf": pdf})
    return bytes(written.pdf)


def combined_invoices(*, orders: Sequence[Order]) -> bytes:
    """One PDF with the invoices of those orders that were paid, each in its order's language.

    Each is stored as soon as it is drawn. Raises `NoInvoice`.
    """
    if len(orders) > MOST_AT_ONCE:
        raise NoInvoice(translation.gettext("At most %(most)s at once. Nothing was printed.") % {"most": MOST_AT_ONCE})
    pdfs = list(_each(orders))
    if not pdfs:
        raise NoInvoice(translation.gettext("None of these was paid, so there is no invoice to print."))
    return together(pdfs)


def delete_invoices(*, order: Order) -> None:
    """Delete the stored invoices of an order, which name its buyer. The next request draws one without the name."""
    Invoice.objects.filter(order=order).delete()


def _each(orders: Sequence[Order]) -> Iterator[bytes]:
    for order in orders:
        with translation.override(order.language):
            view = order_view(public_id=order.public_id)
            if view.has_invoice:
                yield issue_invoice(view=view)


def _edition(view: OrderView) -> str:
    facts = [translation.get_language(), *changeable_parts(view=view, paid_with=_paid_with(view))]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _paid_with(view: OrderView) -> str:
    return method_label(view.payment.method) if view.payment else ""
