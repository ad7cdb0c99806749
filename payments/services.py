"""How does money come and go? All writes to payments and refunds go through here.

Rows are locked in one order everywhere: first the order (its move is an UPDATE), then its payments. A charge and a
cancellation of the same order can then wait for each other, but never both at once.
"""

import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from messaging.ledger import enqueue
from messaging.topology import Priority
from orders.errors import IllegalTransition
from orders.models import Order
from orders.selectors import priority
from orders.services import mark_paid, mark_payment_failed, mark_refunded, note_refund_started
from payments.errors import NotPending
from payments.gateways import ChargeResult, RefundResult
from payments.models import Payment, PaymentStatus, Refund, RefundStatus
from payments.payloads import ChargePayment, RefundPayment


@transaction.atomic(savepoint=False)
def start_payment(*, order: Order, method: str) -> Payment:
    """Want the order's total, and send for it."""
    id_ = uuid.uuid4()
    message = enqueue(ChargePayment(payment_id=id_), priority=priority(order), subject=order.number)
    return Payment.objects.create(
        id=id_, order=order, method=method, amount=order.total, currency=order.currency, message_id=message.id
    )


@transaction.atomic(savepoint=False)
def record_capture(*, payment: Payment, charge: ChargeResult) -> None:
    """The money is here, so the order is paid. If it was cancelled meanwhile, the money goes back."""
    try:
        mark_paid(order=payment.order)
    except IllegalTransition:
        _capture(payment, charge, [PaymentStatus.PENDING, PaymentStatus.CANCELLED])
        start_refund(payment=payment)
    else:
        _capture(payment, charge, [PaymentStatus.PENDING])


@transaction.atomic(savepoint=False)
def record_decline(*, payment: Payment, code: str) -> None:
    """The bank said no. `code` is its reason, such as `card_declined`."""
    try:
        mark_payment_failed(order=payment.order, reason=code)
    except IllegalTransition:
        return  # Cancelled meanwhile, and its payment with it: nothing is owed.
    _answer(payment, [PaymentStatus.PENDING], status=PaymentStatus.FAILED, failure_code=code[:60])


@transaction.atomic(savepoint=False)
def look_again(*, payment: Payment) -> None:
    """Ask once more for the charge of a cancelled payment when no other delivery can still be at work on it.

    Until then one that was cut off may charge the card, and find its message settled; that money must go back, too.
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
    """Nothing is owed for the order any more: what is pending is not wanted, what was captured goes back.

    The order must have been moved before, in the same transaction. That keeps charges out meanwhile.
    """
    order.payments.filter(status=PaymentStatus.PENDING).update(status=PaymentStatus.CANCELLED)
    for payment in order.payments.filter(status=PaymentStatus.CAPTURED).select_related("order"):
        start_refund(payment=payment)


@transaction.atomic(savepoint=False)
def start_refund(*, payment: Payment) -> Refund:
    """Owe a captured payment back in full, send for it, and let the shopper know."""
    refund = Refund.objects.create(payment=payment, amount=payment.amount)
    enqueue(RefundPayment(refund_id=refund.id), priority=priority(payment.order), subject=payment.order.number)
    note_refund_started(order=payment.order)
    return refund


@transaction.atomic(savepoint=False)
def record_refund(*, refund: Refund, result: RefundResult) -> None:
    """The money is back with the payer. The order is refunded, unless another payment of it stands."""
    payment = refund.payment
    others = payment.order.payments.filter(status=PaymentStatus.CAPTURED).exclude(pk=payment.pk)
    if not others.exists():
        mark_refunded(order=payment.order)
    Refund.objects.filter(pk=refund.pk).update(status=RefundStatus.DONE, gateway_reference=result.reference)
    _answer(payment, [PaymentStatus.CAPTURED], status=PaymentStatus.REFUNDED)


def _capture(payment: Payment, charge: ChargeResult, sources: Sequence[PaymentStatus]) -> None:
    _answer(
        payment,
        sources,
        status=PaymentStatus.CAPTURED,
        gateway_reference=charge.reference,
        captured_at=timezone.now(),
    )


def _answer(payment: Payment, sources: Sequence[PaymentStatus], **changes: object) -> None:
    if not Payment.objects.filter(pk=payment.pk, status__in=sources).update(**changes):
        raise NotPending(payment)
