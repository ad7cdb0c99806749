"""Voids: releasing what the gateway reserves for a payment that is no longer wanted."""

from django.db import transaction

from messaging.outbox import enqueue
from messaging.topology import Priority
from orders.models import Order
from payments import selectors
from payments.gateways import ChargeRecord, gateway
from payments.models import Payment, PaymentStatus
from payments.payloads import VoidPayment
from payments.services.follow_up import delay_of

_UNWANTED = (PaymentStatus.CANCELLED, PaymentStatus.FAILED)


@transaction.atomic(savepoint=False)
def enqueue_void(*, payment: Payment, order: Order, delay: float = 0) -> None:
    """Enqueue the release of a payment, unless a message will release it already. `delay` is seconds."""
    if not selectors.is_live(kind=VoidPayment, number=order.number, field="payment_id", id_=payment.pk):
        enqueue(VoidPayment(payment_id=payment.pk), priority=Priority.LOW, subject=order.number, delay=delay)


def void_at_gateway(*, payment: Payment) -> ChargeRecord | None:
    """Have the gateway release an unwanted payment, outside any transaction. None: there is nothing to release."""
    if payment.status not in _UNWANTED:
        return None
    reference = payment.gateway_reference
    if not reference:
        record = gateway(of=payment.gateway).fetch(idempotency_key=str(payment.pk))
        if record is None or not record.state.is_reserved:
            return record
        reference = record.reference
    return gateway(of=payment.gateway).void(reference=reference)


@transaction.atomic(savepoint=False)
def follow_void(*, payment: Payment) -> None:
    """Release it later: the bank is settling the payment, and does not stop that any more."""
    enqueue_void(payment=payment, order=payment.order, delay=delay_of(payment))
