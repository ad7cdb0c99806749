"""Issues invoices and credit notes, as records with consecutive numbers."""

import logging
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from messaging.models import Cursor
from messaging.worker.slices import delete_some
from orders.compiled import Compiled
from orders.models import Order
from orders.transitions import lock_order
from payments.amounts import total
from payments.models import SETTLED, Payment, Refund
from payments.selectors import returned_once
from shop.invoices.frozen import (
    DELETED,
    credit_note_data,
    invoice_data,
    kept_until,
    missed_since,
    shop_day,
    taxes_in,
)
from shop.invoices.numbering import CREDIT_NOTES, EARLIER, INVOICES, next_number, written
from shop.invoices.selectors import expired_credit_notes, expired_files, expired_invoices, returned_goods
from shop.invoices.taxes import TaxedAt, credited, left_of, tax_sum
from shop.models import CreditNote, EarlierInvoice, Invoice, NumberSeries

log = logging.getLogger(__name__)
_FACTS = Compiled(
    lambda pk: (
        Payment.objects.filter(pk=pk)
        .annotate(
            has_invoice=Exists(Invoice.objects.filter(payment=OuterRef("pk"))),
            is_earlier=Exists(NumberSeries.objects.filter(records_since__gt=OuterRef("captured_at"))),
        )
        .select_related("order__shipment")
    )
)


@transaction.atomic(savepoint=False)
def issue_invoice(*, payment: Payment) -> Invoice:
    """The invoice of a captured payment, issued unless it already is. Its number is taken last: see `next_number`.

    A payment that was captured before invoices were records keeps the number that its invoice had: its order's.
    """
    facts = _facts(payment)
    if facts.has_invoice:
        return Invoice.objects.defer("pdf").get(payment=payment)
    data = invoice_data(facts)
    taxes = taxes_in(data)
    values: dict[str, Any] = {
        "order_id": payment.order_id,
        "payment_id": payment.pk,
        "currency": payment.currency,
        "total": payment.amount,
        "tax": tax_sum(taxes),
        "data": data,
    }
    if facts.is_earlier:
        return _earlier_invoice(payment, values)
    now = timezone.now()
    return Invoice.objects.create(**values, **_dated(INVOICES, now), **_numbered(INVOICES, shop_day(now).year))


@transaction.atomic(savepoint=False)
def issue_missing_invoices(*, order: Order) -> None:
    """Issue what is missing for an order's captured payments: those from before invoices were records.

    Not for one whose invoice was deleted after its retention period: that one is not owed another.
    """
    lock_order(order_id=order.pk)
    kept = order.payments.filter(captured_at__gte=missed_since(timezone.now()))
    for payment in kept.filter(status__in=SETTLED, invoice=None).select_related("order"):
        issue_invoice(payment=payment)


@transaction.atomic(savepoint=False)
def issue_credit_note(*, refund: Refund) -> CreditNote | None:
    """The credit note of a refund that the shopper has. The caller has the order's lock.

    It is of what the shopper has back and no credit note covers yet. One whose refund fails at the bank stays, and
    covers what is refunded instead, in whatever parts. None: nothing is left to cover, or the invoice was deleted after
    its retention period, and a new one would be a second number for the same sale.
    """
    payment = refund.payment
    if _is_deleted(payment):
        log.warning("invoices: refund %s got no credit note: retention deleted its invoice", refund.pk)
        return None
    invoice = issue_invoice(payment=payment)
    notes = list(invoice.credit_notes.defer("pdf"))
    uncovered = total(returned_once(payment.refunds.all())) - sum(note.total for note in notes)
    # Of a payment from before invoices were records, other refunds may have no credit note.
    amount = min(refund.amount, uncovered)
    if amount <= 0:
        return None
    left = left_of(taxes_in(invoice.data), [each for note in notes for each in taxes_in(note.data)])
    if amount > sum(each.gross for each in left):
        log.error("invoices: refund %s exceeds what its invoice has left, and got no credit note", refund.pk)
        return None
    return _new_credit_note(refund, invoice, credited(amount, left=left, goods=returned_goods(refund=refund)))


def _facts(payment: Payment) -> Any:
    """The payment with its order and its parcel, as they are now, and which invoice it has or would get."""
    return _FACTS.get(pk=payment.pk)


def _is_deleted(payment: Payment) -> bool:
    """Whether the payment was captured in a year whose invoices are no longer kept, and has none any more."""
    is_kept = payment.captured_at is None or payment.captured_at >= missed_since(timezone.now())
    return not is_kept and not Invoice.objects.filter(payment=payment).exists()


def delete_expired() -> int:
    """Delete a batch of the papers and files that the law no longer asks for. Returns how many: 0 once none is left.

    Their year is noted first: it keeps invoices from being issued anew once more years are to be kept.
    """
    now = timezone.now()
    deleted = delete_some(expired_files(now=now))
    for papers in (expired_credit_notes(today=shop_day(now)), expired_invoices(today=shop_day(now))):
        year = papers.order_by("-year").values_list("year", flat=True).first()
        if year and year > Cursor.read(DELETED).get("year", 0):
            Cursor.write(DELETED, {"year": year})
        deleted += delete_some(papers)
    return deleted


def delete_earlier_invoices(*, orders: Sequence[Order]) -> None:
    """Delete the files from before invoices were records, which name the buyer. The records stay."""
    EarlierInvoice.objects.filter(order__in=orders).delete()


def _new_credit_note(refund: Refund, invoice: Invoice, taxes: list[TaxedAt]) -> CreditNote:
    now = timezone.now()
    return CreditNote.objects.create(
        order_id=invoice.order_id,
        invoice=invoice,
        refund=refund,
        currency=invoice.currency,
        total=sum(each.gross for each in taxes),
        tax=tax_sum(taxes),
        data=credit_note_data(invoice, taxes),
        **_dated(CREDIT_NOTES, now),
        **_numbered(CREDIT_NOTES, shop_day(now).year),
    )


def _earlier_invoice(payment: Payment, values: dict[str, Any]) -> Invoice:
    """With the newest file that was made of it, if there is one."""
    order: Order = payment.order
    captured_at = payment.captured_at or timezone.now()
    same = Invoice.objects.filter(order=order, series=EARLIER).count()
    number = f"{order.number}-{same + 1}" if same else order.number
    files = EarlierInvoice.objects.filter(order=order).order_by("-made_at", "-pk")
    pdf = files.values_list("pdf", flat=True).first()
    return Invoice.objects.create(**values, **_dated(EARLIER, captured_at), number=number, sequence=None, pdf=pdf)


def _dated(series: str, at: Any) -> dict[str, Any]:
    day = shop_day(at)
    return {"series": series, "year": day.year, "issued_at": at, "issued_on": day, "kept_until": kept_until(day)}


def _numbered(series: str, year: int) -> dict[str, Any]:
    sequence = next_number(series=series, year=year)
    return {"sequence": sequence, "number": written(series=series, year=year, sequence=sequence)}
