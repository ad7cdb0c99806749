"""Reads of payments and refunds, for tasks, pages and the API."""

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
    """An order's newest payment. `attempts` counts the requests to the gateway; `refunded` is minor units."""

    status: str
    attempts: int
    method: str
    failure_code: str
    refunded: int = 0


def payment_to_charge(*, payment_id: UUID) -> Payment:
    """The payment with its order. Raises `Payment.DoesNotExist`."""
    return Payment.objects.select_related("order").get(pk=payment_id)


def refund_to_execute(*, refund_id: UUID) -> Refund:
    """The refund with its payment and order. Raises `Refund.DoesNotExist`."""
    return Refund.objects.select_related("payment__order").get(pk=refund_id)


def refundable_amount(*, order: Order) -> int:
    """Minor units that the order has paid and that are neither refunded nor being refunded."""
    captured = Payment.objects.filter(order=order, status=PaymentStatus.CAPTURED)
    requested = Refund.objects.filter(payment__order=order, payment__status=PaymentStatus.CAPTURED)
    return (captured.aggregate(n=Sum("amount"))["n"] or 0) - (requested.aggregate(n=Sum("amount"))["n"] or 0)


def requested_refunds(*, payment: Payment) -> int:
    """Minor units of a payment that are refunded or being refunded."""
    return payment.refunds.aggregate(n=Sum("amount"))["n"] or 0


def refunded_amount(*, payment: Payment) -> int:
    """Minor units of a payment that the gateway has refunded."""
    return payment.refunds.filter(status=RefundStatus.DONE).aggregate(n=Sum("amount"))["n"] or 0


def new_summary(*, method: str) -> PaymentSummary:
    """The payment of an order that was just placed."""
    return PaymentSummary(PaymentStatus.PENDING, attempts=0, method=method, failure_code="")


def summary(*, order_id: int) -> PaymentSummary | None:
    """The ledger counts failed attempts only; the one that got an answer is added."""
    failed_attempts = Message.objects.filter(pk=OuterRef("message_id")).values("attempts")
    payment = (
        Payment.objects.filter(order_id=order_id)
        .annotate(
            failed_attempts=Coalesce(Subquery(failed_attempts), Value(0), output_field=IntegerField()),
            refunded=Coalesce(Sum("refunds__amount", filter=Q(refunds__status=RefundStatus.DONE)), Value(0)),
        )
        .order_by("created_at", "id")
        .last()
    )
    if payment is None:
        return None
    attempts = payment.failed_attempts + (payment.status not in _UNANSWERED)
    return PaymentSummary(payment.status, attempts, payment.method, payment.failure_code, payment.refunded)


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """A payment beside what is known of it at the gateway.

    The simulated gateway's own records are in this database: `charge` is None if it has none. Pages do not query any
    other gateway: `is_authoritative` is then False, and `comparison` and `last_event` are the latest information.
    """

    payment: Payment
    refunds: tuple[tuple[Refund, GatewayRefund | None], ...]
    is_authoritative: bool
    charge: GatewayCharge | None = None
    comparison: Message | None = None
    last_event: GatewayEvent | None = None

    @property
    def agrees(self) -> bool:
        """Whether both record the same captured amount. Meaningful only if `is_authoritative`."""
        captured = self.payment.amount if self.payment.captured_at else 0
        return captured == (self.charge.amount if self.charge else 0)


PaymentRecords = tuple[PaymentRecord, ...]


def payment_records(*, order_id: int) -> PaymentRecords:
    """An order's payments, oldest first, beside what is known of them at the gateway. Four queries."""
    payments = list(Payment.objects.filter(order_id=order_id).order_by("created_at", "id"))
    refunds = list(Refund.objects.filter(payment__order_id=order_id).order_by("created_at", "id"))
    records = _gateway_records if settings.PAYMENT_GATEWAY == "simulated" else _reported_records
    return tuple(records(order_id, payments, refunds))


def _gateway_records(order_id: int, payments: Sequence[Payment], refunds: Sequence[Refund]) -> Iterator[PaymentRecord]:
    charges = _by_key(GatewayCharge.objects.filter(idempotency_key__in=[str(payment.pk) for payment in payments]))
    gateway_refunds = _by_key(GatewayRefund.objects.filter(idempotency_key__in=[str(refund.pk) for refund in refunds]))
    for payment in payments:
        yield PaymentRecord(
            payment=payment,
            refunds=tuple((r, gateway_refunds.get(str(r.pk))) for r in refunds if r.payment_id == payment.pk),
            is_authoritative=True,
            charge=charges.get(str(payment.pk)),
        )


def _reported_records(order_id: int, payments: Sequence[Payment], refunds: Sequence[Refund]) -> Iterator[PaymentRecord]:
    number = Order.objects.filter(pk=order_id).values("number")
    finished = Message.objects.filter(subject__in=number, task=ComparePayment.task, state__in=(State.DONE, State.DEAD))
    comparisons = {message.payload.get("payment_id"): message for message in finished.order_by("finished_at", "id")}
    events = {event.key: event for event in GatewayEvent.objects.filter(key__in=[payment.pk for payment in payments])}
    for payment in payments:
        yield PaymentRecord(
            payment=payment,
            refunds=tuple((r, None) for r in refunds if r.payment_id == payment.pk),
            is_authoritative=False,
            comparison=comparisons.get(str(payment.pk)),
            last_event=events.get(payment.pk),
        )


def _by_key(rows: Iterable[Any]) -> dict[str, Any]:
    return {row.idempotency_key: row for row in rows}
