"""What can be asked about payments?"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import IntegerField, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from messaging.models import Message, State
from orders.models import Order
from payments.models import GatewayCharge, GatewayEvent, GatewayRefund, Payment, PaymentStatus, Refund, RefundStatus
from payments.payloads import ComparePayment

_UNANSWERED = (PaymentStatus.PENDING, PaymentStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class PaymentSummary:
    """An order's newest payment. `attempts` counts how often the gateway was asked; `given_back` is minor units."""

    status: str
    attempts: int
    method: str
    failure_code: str
    given_back: int = 0


def payment_to_charge(*, payment_id: UUID) -> Payment:
    """The payment with its order. Raises `Payment.DoesNotExist`."""
    return Payment.objects.select_related("order").get(pk=payment_id)


def refund_to_make(*, refund_id: UUID) -> Refund:
    """The refund with its payment and order. Raises `Refund.DoesNotExist`."""
    return Refund.objects.select_related("payment__order").get(pk=refund_id)


def left_to_give_back(*, order: Order) -> int:
    """Minor units that the order has paid, and that are neither given back nor on their way."""
    captured = Payment.objects.filter(order=order, status=PaymentStatus.CAPTURED)
    owed = Refund.objects.filter(payment__order=order, payment__status=PaymentStatus.CAPTURED)
    return (captured.aggregate(n=Sum("amount"))["n"] or 0) - (owed.aggregate(n=Sum("amount"))["n"] or 0)


def owed_back(*, payment: Payment) -> int:
    """Minor units of a payment that were given back, or are on their way."""
    return payment.refunds.aggregate(n=Sum("amount"))["n"] or 0


def given_back(*, payment: Payment) -> int:
    """Minor units of a payment that are back with the payer."""
    return payment.refunds.filter(status=RefundStatus.DONE).aggregate(n=Sum("amount"))["n"] or 0


def summary(*, order_id: int) -> PaymentSummary | None:
    """Failed tries stand in the ledger; a try that was answered leaves nothing there but the answer."""
    failed_tries = Message.objects.filter(pk=OuterRef("message_id")).values("attempts")
    payment = (
        Payment.objects.filter(order_id=order_id)
        .annotate(
            failed_tries=Coalesce(Subquery(failed_tries), Value(0), output_field=IntegerField()),
            back=Coalesce(Sum("refunds__amount", filter=Q(refunds__status=RefundStatus.DONE)), Value(0)),
        )
        .order_by("created_at", "id")
        .last()
    )
    if payment is None:
        return None
    answered = payment.status not in _UNANSWERED
    attempts = payment.failed_tries + answered
    return PaymentSummary(payment.status, attempts, payment.method, payment.failure_code, payment.back)


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """A payment beside what is known of it at the gateway.

    The simulated gateway's own record stands in this database: `charge` is None where it knows of none. Any other
    gateway is not asked for a page: then `was_asked` is False, and `comparison` and `word` say what was last heard.
    """

    payment: Payment
    refunds: tuple[tuple[Refund, GatewayRefund | None], ...]
    was_asked: bool
    charge: GatewayCharge | None = None
    comparison: Message | None = None
    word: GatewayEvent | None = None

    @property
    def agrees(self) -> bool:
        """Whether both say the same of the money that was taken. Means something only if the gateway was asked."""
        taken = self.payment.amount if self.payment.captured_at else 0
        return taken == (self.charge.amount if self.charge else 0)


MoneyRecords = tuple[PaymentRecord, ...]


def money_records(*, order_id: int) -> MoneyRecords:
    """An order's payments, oldest first, beside what is known of them at the gateway, in four statements."""
    payments = list(Payment.objects.filter(order_id=order_id).order_by("created_at", "id"))
    refunds = list(Refund.objects.filter(payment__order_id=order_id).order_by("created_at", "id"))
    record = _asked if settings.PAYMENT_GATEWAY == "simulated" else _heard
    return tuple(record(order_id, payments, refunds))


def _asked(order_id: int, payments: Sequence[Payment], refunds: Sequence[Refund]) -> Iterator[PaymentRecord]:
    charges = _by_key(GatewayCharge.objects.filter(idempotency_key__in=[str(payment.pk) for payment in payments]))
    given_back = _by_key(GatewayRefund.objects.filter(idempotency_key__in=[str(refund.pk) for refund in refunds]))
    for payment in payments:
        yield PaymentRecord(
            payment=payment,
            refunds=tuple((r, given_back.get(str(r.pk))) for r in refunds if r.payment_id == payment.pk),
            was_asked=True,
            charge=charges.get(str(payment.pk)),
        )


def _heard(order_id: int, payments: Sequence[Payment], refunds: Sequence[Refund]) -> Iterator[PaymentRecord]:
    number = Order.objects.filter(pk=order_id).values("number")
    ended = Message.objects.filter(subject__in=number, task=ComparePayment.task, state__in=(State.DONE, State.DEAD))
    comparisons = {message.payload.get("payment_id"): message for message in ended.order_by("finished_at", "id")}
    words = {event.key: event for event in GatewayEvent.objects.filter(key__in=[payment.pk for payment in payments])}
    for payment in payments:
        yield PaymentRecord(
            payment=payment,
            refunds=tuple((r, None) for r in refunds if r.payment_id == payment.pk),
            was_asked=False,
            comparison=comparisons.get(str(payment.pk)),
            word=words.get(payment.pk),
        )


def _by_key(rows: Iterable[Any]) -> dict[str, Any]:
    return {row.idempotency_key: row for row in rows}
