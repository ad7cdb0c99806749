"""Charges: starting a payment, charging the card, recording the answer, cancelling."""

import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from messaging.models import Message
from messaging.outbox import enqueue
from messaging.topology import Priority
from orders.models import Order
from orders.selectors import priority
from orders.services import mark_paid, mark_payment_failed
from orders.transitions import IllegalTransition
from payments.gateways import Charge, gateway
from payments.models import SETTLED, UNSETTLED, Payment, PaymentStatus
from payments.payloads import ChargePayment
from payments.services.gateway_events import enqueue_comparison
from payments.services.refunds import refund_remainder
from payments.services.transitions import change_status


@transaction.atomic(savepoint=False)
def start_payment(*, order: Order, method: str) -> Payment:
    """Create a payment of the order's total and enqueue its charge."""
    id_ = uuid.uuid4()
    message = enqueue(ChargePayment(payment_id=id_), priority=priority(order), subject=order.number)
    return Payment.objects.create(
        id=id_, order=order, method=method, amount=order.total, currency=order.currency, message_id=message.id
    )


def charge_once(*, payment: Payment, is_first_attempt: bool) -> Charge | None:
    """Charge a pending payment, unless an earlier attempt did and its reply was lost.

    Every attempt but the first asks the gateway for such a charge: gateways forget idempotency keys after a day, and an
    operator may retry later than that. This also finds the money of a payment that was cancelled meanwhile, to be
    refunded.
    """
    key = str(payment.id)
    if payment.status == PaymentStatus.CANCELLED or (payment.status == PaymentStatus.PENDING and not is_first_attempt):
        record = gateway().fetch(idempotency_key=key)
        if record is not None and record.charge is not None:
            return record.charge
    if payment.status == PaymentStatus.PENDING:
        return gateway().charge(
            idempotency_key=key, amount=payment.amount, currency=payment.currency, method=payment.method
        )
    return None


@transaction.atomic(savepoint=False)
def record_capture(*, payment: Payment, charge: Charge) -> None:
    """Mark the order paid. If it can no longer be paid, for example because it was cancelled, refund the money.

    Does nothing if the capture is already recorded, for example from the gateway's webhook.
    """
    try:
        mark_paid(order=payment.order)
    except IllegalTransition:
        if Payment.objects.filter(pk=payment.pk, status__in=SETTLED, gateway_reference=charge.reference).exists():
            return
        _mark_captured(payment, charge, UNSETTLED)
        refund_remainder(payment=payment)
    else:
        _mark_captured(payment, charge, [PaymentStatus.PENDING])


@transaction.atomic(savepoint=False)
def record_decline(*, payment: Payment, code: str) -> None:
    """Record that the bank declined the payment. `code` is its reason, such as `card_declined`."""
    try:
        mark_payment_failed(order=payment.order, reason=code)
    except IllegalTransition:
        return  # The order was cancelled meanwhile, and its payment with it: nothing is owed.
    change_status(payment, [PaymentStatus.PENDING], status=PaymentStatus.FAILED, failure_code=code[:60])


@transaction.atomic(savepoint=False)
def recheck_cancelled_payment(*, payment: Payment) -> None:
    """Look for a charge of a cancelled payment once more, when no other delivery can still be working on it.

    Until then a delivery that was cut off may still charge the card and find its message settled. That money has to be
    refunded, too.
    """
    if payment.status == PaymentStatus.CANCELLED:
        enqueue(
            ChargePayment(payment_id=payment.id),
            priority=Priority.LOW,
            subject=payment.order.number,
            delay=2 * settings.CONVEYOR_TASK_TIME_LIMIT,
        )


@transaction.atomic(savepoint=False)
def cancel_payment(*, order: Order) -> None:
    """Cancel the order's pending payment and refund its captured ones.

    The order's status must already have changed in the same transaction: that keeps new charges out.
    """
    pending = order.payments.filter(status=PaymentStatus.PENDING)
    unanswered = pending.first()
    if unanswered is not None:
        pending.update(status=PaymentStatus.CANCELLED)
        _look_for_charge(unanswered, order)
    for payment in order.payments.filter(status=PaymentStatus.CAPTURED).select_related("order"):
        refund_remainder(payment=payment)


def _look_for_charge(payment: Payment, order: Order) -> None:
    """A live charge message handles the cancellation itself. A dead one may have captured money unnoticed."""
    is_live = payment.message_id and Message.objects.live().filter(pk=payment.message_id).exists()
    if not is_live:
        enqueue_comparison(key=payment.pk, reference=payment.gateway_reference, number=order.number)


def _mark_captured(payment: Payment, charge: Charge, sources: Sequence[PaymentStatus]) -> None:
    change_status(
        payment,
        sources,
        status=PaymentStatus.CAPTURED,
        gateway_reference=charge.reference,
        captured_at=timezone.now(),
    )
