"""What can be asked about payments?"""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import IntegerField, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from messaging.models import Message
from payments.models import Payment, PaymentStatus, Refund

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
