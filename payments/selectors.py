"""What can be asked about payments?"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import IntegerField, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from messaging.models import Message
from orders.models import Order
from payments.models import GatewayCharge, GatewayRefund, Payment, PaymentStatus, Refund, RefundStatus

_UNANSWERED = (PaymentStatus.PENDING, PaymentStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class PaymentSummary:
    """An order's newest payment. `attempts` counts how often the gateway was asked."""

    status: str
    attempts: int
    method: str
    failure_code: str


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
        .annotate(failed_tries=Coalesce(Subquery(failed_tries), Value(0), output_field=IntegerField()))
        .order_by("created_at", "id")
        .last()
    )
    if payment is None:
        return None
    answered = payment.status not in _UNANSWERED
    return PaymentSummary(payment.status, payment.failed_tries + answered, payment.method, payment.failure_code)


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """A payment, and what the simulated gateway's own record says of it; None where it knows of no charge."""

    payment: Payment
    charge: GatewayCharge | None
    refunds: tuple[tuple[Refund, GatewayRefund | None], ...]

    @property
    def agrees(self) -> bool:
        """Whether both say the same of the money that was taken."""
        taken = self.payment.amount if self.payment.captured_at else 0
        return taken == (self.charge.amount if self.charge else 0)


MoneyRecords = tuple[PaymentRecord, ...]


def money_records(*, order_id: int) -> MoneyRecords:
    """An order's payments, oldest first, beside the gateway's record of them, in four statements."""
    payments = list(Payment.objects.filter(order_id=order_id).order_by("created_at", "id"))
    refunds = list(Refund.objects.filter(payment__order_id=order_id).order_by("created_at", "id"))
    charges = _by_key(GatewayCharge.objects.filter(idempotency_key__in=[str(payment.pk) for payment in payments]))
    given_back = _by_key(GatewayRefund.objects.filter(idempotency_key__in=[str(refund.pk) for refund in refunds]))
    return tuple(
        PaymentRecord(
            payment=payment,
            charge=charges.get(str(payment.pk)),
            refunds=tuple((r, given_back.get(str(r.pk))) for r in refunds if r.payment_id == payment.pk),
        )
        for payment in payments
    )


def _by_key(rows: Iterable[Any]) -> dict[str, Any]:
    return {row.idempotency_key: row for row in rows}
