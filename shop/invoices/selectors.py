"""Reads of invoices and credit notes, for pages, the API and their deletion in the end."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Value

from orders.models import Order
from payments.models import Refund
from shop.invoices.frozen import first_day_kept, kept_since
from shop.models import CreditNote, EarlierInvoice, Invoice, ReturnLine

_OLDEST = ("kept_until", "pk")


@dataclass(frozen=True, slots=True)
class PaperSummary:
    """`total` is in minor units."""

    number: str
    total: int


@dataclass(frozen=True, slots=True)
class OrderPapers:
    """The invoice of an order's newest payment that has one, and its credit notes, oldest first."""

    invoice: PaperSummary | None = None
    credit_notes: tuple[PaperSummary, ...] = ()


NO_PAPERS = OrderPapers()


def papers_of(*, order: Order) -> OrderPapers:
    """In one statement. None of an order whose personal data is erased: only staff see what is kept of it."""
    if order.anonymised_at:
        return NO_PAPERS
    fields = ("pk", "number", "total", "kind")
    invoices = Invoice.objects.filter(order=order).annotate(kind=Value(0)).order_by()
    notes = CreditNote.objects.filter(order=order).annotate(kind=Value(1)).order_by()
    issued = notes.values_list("issued_at", *fields)
    rows: list[Any] = sorted(invoices.values_list("payment__created_at", *fields).union(issued, all=True))
    found: tuple[list[PaperSummary], list[PaperSummary]] = ([], [])
    for _at, _pk, number, total, kind in rows:
        found[kind].append(PaperSummary(number, total))
    return OrderPapers(found[0][-1] if found[0] else None, tuple(found[1]))


def invoice_of(*, order: Order) -> Invoice | None:
    """The same invoice as in `papers_of`. One that was replaced may be captured, invoiced and refunded after it."""
    return Invoice.objects.defer("pdf").filter(order=order).order_by("payment__created_at", "pk").last()


def returned_goods(*, refund: Refund) -> dict[int, int]:
    """Gross amounts by rate, in minor units, of the items that came back, if the refund is that of a return.

    Without items whose rate was not determined at checkout.
    """
    goods: dict[int, int] = {}
    for line in ReturnLine.objects.filter(parent__refund=refund.pk).select_related("order_line"):
        rate = line.order_line.tax_rate
        if rate is not None and line.accepted:
            goods[rate] = goods.get(rate, 0) + line.order_line.unit_price * line.accepted
    return goods


def expired_credit_notes(*, today: date) -> QuerySet[CreditNote]:
    """Those that the law no longer asks for, by what was set when they were issued and by what is set now."""
    return CreditNote.objects.filter(kept_until__lt=today, issued_on__lt=first_day_kept(today)).order_by(*_OLDEST)


def expired_invoices(*, today: date) -> QuerySet[Invoice]:
    """As `expired_credit_notes`. One stays as long as any credit note that refers to it."""
    notes = CreditNote.objects.filter(invoice=OuterRef("pk"))
    expired = Invoice.objects.filter(kept_until__lt=today, issued_on__lt=first_day_kept(today))
    return expired.filter(~Exists(notes)).order_by(*_OLDEST)


def expired_files(*, now: datetime) -> QuerySet[EarlierInvoice]:
    """Files from before invoices were records that the law no longer asks for."""
    return EarlierInvoice.objects.filter(made_at__lt=kept_since(now)).order_by("pk")
