"""How is an invoice given out again as it was, one by one and many at once? Drawn when first wanted, then kept."""

import hashlib
import json
from collections.abc import Iterator, Sequence

from django.utils import translation

from orders.models import Order
from orders.pdf.merge import merge_pdfs
from payments.gateways import method_label
from shop.documents.invoice import invoice_pdf, may_change
from shop.models import Invoice
from shop.selectors import OrderView, order_view

#: Orders whose invoices go into one file: some seconds of drawing, within what a request may take.
MOST_AT_ONCE = 200


class NoInvoice(ValueError):
    """None of the orders was paid, or there are too many of them."""


def invoice(*, view: OrderView) -> bytes:
    """The invoice of an order that was paid, in the active language, stored by now."""
    edition = _edition(view)
    kept = Invoice.objects.filter(order=view.order, edition=edition).values_list("pdf", flat=True).first()
    if kept is not None:
        return bytes(kept)
    pdf = invoice_pdf(view=view, paid_with=_paid_with(view))
    # Of two that ask at once, the first one's paper stays, and both get it.
    written, _created = Invoice.objects.get_or_create(order=view.order, edition=edition, defaults={"pdf": pdf})
    return bytes(written.pdf)


def invoices(*, orders: Sequence[Order]) -> bytes:
    """One PDF of the invoices of all of these that were paid, each in the language of its order; every one is stored as
    soon as it is drawn. Raises `NoInvoice`."""
    if len(orders) > MOST_AT_ONCE:
        raise NoInvoice(translation.gettext("At most %(most)s at once. Nothing was printed.") % {"most": MOST_AT_ONCE})
    papers = list(_each(orders))
    if not papers:
        raise NoInvoice(translation.gettext("None of these was paid, so there is no invoice to print."))
    return merge_pdfs(papers)


def forget_invoices(*, order: Order) -> None:
    """They tell whose order it was. Another one, without that, is drawn when it is asked for."""
    Invoice.objects.filter(order=order).delete()


def _each(orders: Sequence[Order]) -> Iterator[bytes]:
    for order in orders:
        with translation.override(order.language):
            view = order_view(public_id=order.public_id)
            if view.has_invoice:
                yield invoice(view=view)


def _edition(view: OrderView) -> str:
    facts = [translation.get_language(), *may_change(view=view, paid_with=_paid_with(view))]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _paid_with(view: OrderView) -> str:
    return method_label(view.payment.method) if view.payment else ""
