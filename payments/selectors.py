"""Reads of payments and refunds, for tasks, pages and the API."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from messaging.models import Message, State
from messaging.payloads import Payload
from orders.compiled import Compiled
from orders.models import Order, OrderEvent, Status
from payments.amounts import total
from payments.disputes.selectors import MOST_SHOWN, at_stake
from payments.errors import AuthorisationLost
from payments.gateways import is_simulated
from payments.models import (
    OPEN,
    RETURNED,
    GatewayCharge,
    GatewayEvent,
    GatewayRefund,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from payments.payloads import CapturePayment, ComparePayment, RefundPayment

_WITH_ORDER = Compiled(lambda pk: Payment.objects.select_related("order").filter(pk=pk))
_UNANSWERED = (PaymentStatus.PENDING, PaymentStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class PaymentSummary:
    """An order's newest payment. `attempts` counts the requests to the gateway; `refunded` is minor units.

    `action_url` is where the shopper confirms the payment with the bank; empty if there is nothing to confirm.
    """

    status: str
    attempts: int
    method: str
    failure_code: str
    refunded: int = 0
    action_url: str = ""


def payment_with_order(*, payment_id: UUID) -> Payment:
    """The payment with its order. Raises `Payment.DoesNotExist`."""
    return _WITH_ORDER.get(pk=payment_id)


def refund_with_order(*, refund_id: UUID) -> Refund:
    """The refund with its payment and order. Raises `Refund.DoesNotExist`."""
    return Refund.objects.select_related("payment__order").get(pk=refund_id)


def refunds_of(*, order: Order) -> list[Refund]:
    """An order's refunds with their payments, oldest first; of more than pages show, the open and the newest ones."""
    refunds = Refund.objects.filter(payment__order=order).select_related("payment")
    is_open = Case(When(status__in=OPEN, then=0), default=1)
    shown = refunds.order_by(is_open, "-created_at", "-id")[:MOST_SHOWN]
    return sorted(shown, key=lambda refund: (refund.created_at, refund.pk))


def failed_refunds() -> list[Refund]:
    """Refunds that an operator must repeat or settle, with their orders, oldest first; at most `MOST_SHOWN`."""
    refunds = Refund.objects.filter(status=RefundStatus.FAILED).select_related("payment__order")
    return list(refunds.order_by("created_at", "id")[:MOST_SHOWN])


def capture_failure(*, order: Order) -> str | None:
    """Why no task captures the order's payment: the last error's type, or empty if none is left. None if one will."""
    captures = Message.objects.unsettled().filter(subject=order.number, task=CapturePayment.task)
    found = dict(captures.values_list("state", "error_type"))
    return None if found.keys() - {State.DEAD} else found.get(State.DEAD, "")


def can_write_off(*, payment: Payment) -> bool:
    """Whether the goods have left, and no task will capture the payment: it is lost, or its capture was discarded."""
    if payment.status != PaymentStatus.AUTHORISED or payment.order.status not in (Status.SHIPPED, Status.DELIVERED):
        return False
    failure = capture_failure(order=payment.order)
    return failure is not None and (not failure or failure.endswith(AuthorisationLost.__name__))


def refundable_amount(*, order: Order) -> int:
    """Minor units that the order has paid and that are neither refunded, nor owed back already, nor disputed.

    Includes what is only reserved for an order that has not shipped.
    """
    captured = Payment.objects.filter(order=order, status=PaymentStatus.CAPTURED)
    return sum(refundable_of(payment=payment) for payment in captured) + voidable_amount(order=order)


def voidable_amount(*, order: Order) -> int:
    """Minor units that are reserved for an unshipped order: "refunded" only as a whole, which cancels the order."""
    if order.status != Status.PAID:
        return 0
    return total(Payment.objects.filter(order=order, status=PaymentStatus.AUTHORISED))


def refundable_of(*, payment: Payment) -> int:
    """Minor units of a captured payment that are neither refunded, nor owed back already, nor disputed."""
    requested = payment.refunds.exclude(status=RefundStatus.CANCELLED)
    return max(0, payment.amount - total(requested) - at_stake(payment=payment))


def refunded_amount(*, payment: Payment) -> int:
    """Minor units of a payment that the shopper has back, from the gateway or from an operator."""
    return total(payment.refunds.filter(status__in=RETURNED))


def returned_once(refunds: QuerySet[Refund]) -> QuerySet[Refund]:
    """Those of which the shopper has the money, each once, even if the gateway made it twice."""
    made_again = Refund.objects.filter(duplicates=OuterRef("pk"), status__in=RETURNED)
    return refunds.filter(Q(status__in=RETURNED) | Exists(made_again), duplicates=None)


def is_at_gateway(*, refund: Refund) -> bool:
    """Whether the gateway has accepted a pending refund, so that its outcome is the gateway's to say."""
    return refund.status == RefundStatus.PENDING and bool(refund.gateway_reference)


def has_live_message(*, refund: Refund) -> bool:
    return is_live(kind=RefundPayment, number=refund.payment.order.number, field="refund_id", id_=refund.pk)


def is_live(*, kind: type[Payload], number: str, field: str, id_: UUID) -> bool:
    """Whether a live message of this kind about the order `number` has `id_` in its payload's `field`."""
    about_order = Message.objects.live().filter(subject=number, task=kind.task)
    return str(id_) in {payload.get(field) for payload in about_order.values_list("payload", flat=True)}


def needs_decision(*, refund: Refund) -> bool:
    """Whether an operator must repeat the refund or settle it: it has failed, or no message will complete it."""
    if refund.status == RefundStatus.PENDING:
        return not has_live_message(refund=refund)
    return refund.status == RefundStatus.FAILED


def can_settle(*, refund: Refund) -> bool:
    """Whether an operator may settle the refund by hand: it needs a decision, and the gateway will not make it."""
    return needs_decision(refund=refund) and not is_at_gateway(refund=refund)


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
            refunded=Coalesce(Sum("refunds__amount", filter=Q(refunds__status__in=RETURNED)), Value(0)),
        )
        .order_by("created_at", "id")
        .last()
    )
    if payment is None:
        return None
    attempts = payment.failed_attempts + (payment.status not in _UNANSWERED)
    return PaymentSummary(
        payment.status, attempts, payment.method, payment.failure_code, payment.refunded, payment.action_url
    )


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
        return captured == (self.charge.amount if self.charge and self.charge.is_captured else 0)


PaymentRecords = tuple[PaymentRecord, ...]


def payment_records(*, order_id: int) -> PaymentRecords:
    """An order's payments, oldest first, beside what is known of them at the gateway. Four queries."""
    payments = list(Payment.objects.filter(order_id=order_id).order_by("created_at", "id"))
    refunds = list(Refund.objects.filter(payment__order_id=order_id).order_by("created_at", "id"))
    records = _gateway_records if is_simulated() else _reported_records
    return tuple(records(order_id, payments, refunds))


def _gateway_records(order_id: int, payments: Sequence[Payment], refunds: Sequence[Refund]) -> Iterator[PaymentRecord]:
    charges = _by_key(GatewayCharge.objects.filter(idempotency_key__in=[str(payment.pk) for payment in payments]))
    made = list(GatewayRefund.objects.filter(charge__in=charges.values() if refunds else ()).order_by("pk"))
    gateway_refunds = _by_key(made) | {refund.reference: refund for refund in made}
    for payment in payments:
        yield PaymentRecord(
            payment=payment,
            refunds=tuple(
                (r, gateway_refunds.get(r.gateway_reference or str(r.pk)))
                for r in refunds
                if r.payment_id == payment.pk
            ),
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


def is_recorded(*, order: Order, kind: str, amount: int, by: str, reason: str) -> bool:
    """Whether `by` was the last to decide so, as by the first of two clicks. `kind` is that of the order's event."""
    decision = {"amount": amount, "by": by, "reason": reason}
    newest = OrderEvent.objects.filter(order=order, kind=kind).order_by("id").last()
    return newest is not None and decision.items() <= newest.data.items()
