"""Invariants of invoices and credit notes: one each, numbered without gaps, and their amounts agree."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from messaging.invariants import Scope, invariant
from orders.invariants import ORDERS
from orders.models import Order
from payments.amounts import totals
from payments.models import SETTLED, Payment, Refund
from payments.selectors import returned_once
from shop.invoices.frozen import missed_since, shop_day
from shop.invoices.numbering import CREDIT_NOTES, INVOICES
from shop.models import CreditNote, Invoice, NumberSeries

SHOWN = 50
#: Without a feed: a year's numbers grow with the shop, so counting them is left to the whole audit.
SERIES = Scope("number series", NumberSeries.objects.all())
_NUMBERED: Mapping[str, type[Invoice | CreditNote]] = {INVOICES: Invoice, CREDIT_NOTES: CreditNote}


@invariant("numbers of invoices and credit notes have no gaps", over=SERIES)
def numbers_have_no_gaps(series: QuerySet[NumberSeries]) -> Iterator[str]:
    """Of the years whose papers are still kept. A number is counted in the transaction that writes its paper."""
    since = shop_day(missed_since(timezone.now())).year
    for name, model in _NUMBERED.items():
        papers = model._default_manager.filter(series=OuterRef("series"), year=OuterRef("year"))
        per_year = papers.order_by().values("year")
        rows = series.filter(series=name, year__gte=since).annotate(
            count=_or_zero(per_year.annotate(value=Count("pk"))),
            highest=_or_zero(per_year.annotate(value=Max("sequence"))),
        )
        for row in rows.exclude(count=F("last"), highest=F("last")).order_by("pk")[:SHOWN]:
            yield (
                f"Of the {model._meta.verbose_name_plural} of {row.year} there are {row.count}; the highest number is "
                f"{row.highest}, the last one given {row.last}."
            )


@invariant("every captured payment has one invoice, and credit notes cover its returned refunds", over=ORDERS)
def money_has_papers(orders: QuerySet[Order]) -> Iterator[str]:
    """Since invoices are records, and while they are kept. Money that a shopper got twice corrects no invoice."""
    payments = Payment.objects.filter(order__in=orders, status__in=SETTLED, **_since()).select_related("order")
    has_invoice = Exists(Invoice.objects.filter(payment=OuterRef("pk")))
    for payment in payments.filter(~has_invoice).order_by("pk")[:SHOWN]:
        yield f"Order {payment.order.number}: payment {payment.pk} was captured, but has no invoice."
    refunds = Refund.objects.filter(payment=OuterRef("pk"))
    known = payments.filter(Exists(refunds)).annotate(
        returned=totals(returned_once(refunds), per="payment"), credited=_sum_of_notes("total", per="invoice__payment")
    )
    for payment in known.filter(credited__lt=F("returned")).order_by("pk")[:SHOWN]:
        yield (
            f"Order {payment.order.number}: {payment.returned} of payment {payment.pk} was returned, but only "
            f"{payment.credited} of it is covered by credit notes."
        )


@invariant("invoices and credit notes agree with the money", over=ORDERS)
def papers_agree_with_the_money(orders: QuerySet[Order]) -> Iterator[str]:
    """Tax, too: all credit notes of an invoice together never exceed it.

    While all are kept, they cover at least what was returned of the refunds that they were issued for. They never cover
    more than all refunds.
    """
    invoices = Invoice.objects.filter(order__in=orders)
    for invoice in invoices.exclude(total=F("payment__amount")).defer("pdf").order_by("pk")[:SHOWN]:
        yield f"Invoice {invoice.number} is of {invoice.total}, but its payment of another amount."
    notes = CreditNote.objects.filter(order__in=orders)
    for note in notes.filter(total__gt=F("refund__amount")).defer("pdf").order_by("pk")[:SHOWN]:
        yield f"Credit note {note.number} is of {note.total}, more than its refund."
    invoices = invoices.filter(Exists(CreditNote.objects.filter(invoice=OuterRef("pk")))).annotate(
        credited=_sum_of_notes("total"), credited_tax=_sum_of_notes("tax")
    )
    exceeded = invoices.filter(Q(credited__gt=F("total")) | Q(credited_tax__gt=F("tax")))
    for invoice in exceeded.defer("pdf").order_by("pk")[:SHOWN]:
        yield f"Invoice {invoice.number}: its credit notes exceed it."
    refunds = Refund.objects.filter(payment=OuterRef("payment"), duplicates=None)
    returned = returned_once(refunds).filter(Exists(CreditNote.objects.filter(refund=OuterRef("pk"))))
    too_little = Q(credited__lt=totals(returned, per="payment"), kept_until__gte=shop_day(timezone.now()))
    too_much = Q(credited__gt=totals(refunds, per="payment"))
    for invoice in invoices.filter(too_little | too_much).defer("pdf").order_by("pk")[:SHOWN]:
        yield f"Invoice {invoice.number}: its credit notes are of {invoice.credited}, its refunds of another amount."


def _since() -> dict[str, Any]:
    """Conditions on payments whose invoice is a record that is still kept."""
    kept = missed_since(timezone.now()) + timedelta(days=1)
    first = NumberSeries.objects.exclude(records_since=None).values_list("records_since", flat=True).first()
    since: datetime = max(kept, first) if first else kept
    return {"captured_at__gte": since}


def _sum_of_notes(column: str, *, per: str = "invoice") -> Coalesce:
    notes = CreditNote.objects.filter(**{per: OuterRef("pk")}).order_by().values(per)
    return _or_zero(notes.annotate(value=Sum(column)))


def _or_zero(rows: Any) -> Coalesce:
    return Coalesce(Subquery(rows.values("value"), output_field=BigIntegerField()), Value(0))
