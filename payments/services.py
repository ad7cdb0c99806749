"""How does money come and go? All writes to payments and refunds go through here.

Rows are locked in one order everywhere: first the order (its move is an UPDATE), then its payments. A charge and a
cancellation of the same order can then wait for each other, but never both at once.
"""

import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from messaging.models import Message
from messaging.outbox import enqueue
from messaging.topology import Priority
from orders.errors import IllegalTransition
from orders.models import Order
from orders.selectors import can_cancel, priority
from orders.services import (
    cancel_order,
    mark_paid,
    mark_payment_failed,
    mark_refunded,
    note_partly_refunded,
    note_refund_started,
)
from payments import selectors
from payments.errors import NothingToRefund, NotPending, RequestReused
from payments.events import Event
from payments.gateways import ChargeResult, RefundResult
from payments.models import SETTLED, UNSETTLED, GatewayEvent, Payment, PaymentStatus, Refund, RefundStatus
from payments.payloads import ChargePayment, ComparePayment, RefundPayment


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
    """The money is here, so the order is paid. If that is not wanted any more, the money goes back.

    A capture that is recorded already, as by the gateway's own word of it, changes nothing.
    """
    try:
        mark_paid(order=payment.order)
    except IllegalTransition:
        if Payment.objects.filter(pk=payment.pk, status__in=SETTLED, gateway_reference=charge.reference).exists():
            return
        _capture(payment, charge, UNSETTLED)
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
    pending = order.payments.filter(status=PaymentStatus.PENDING)
    unanswered = pending.first()
    if unanswered is not None:
        pending.update(status=PaymentStatus.CANCELLED)
        _look_for_money(unanswered, order)
    for payment in order.payments.filter(status=PaymentStatus.CAPTURED).select_related("order"):
        start_refund(payment=payment)


@transaction.atomic(savepoint=False)
def start_refund(*, payment: Payment) -> Refund | None:
    """Owe back what is left of a captured payment, and send for it. None: all of it is on its way already."""
    left = payment.amount - selectors.owed_back(payment=payment)
    return _send_refund(payment, left) if left else None


@transaction.atomic(savepoint=False)
def give_back(*, order: Order, amount: int, request_id: uuid.UUID, by: str, reason: str = "") -> Refund:
    """Owe back `amount` minor units of what the order has paid, and send for it.

    An order that has not left yet is cancelled when all of it is given back, so that its goods go back on the shelf.
    The same `request_id` is one refund, however often it is asked for. Raises `NothingToRefund` unless so much is
    left, and `RequestReused` for a `request_id` that stands for another refund; then nothing was written.
    """
    order = Order.objects.select_for_update().get(pk=order.pk)
    known = Refund.objects.filter(pk=request_id).select_related("payment").first()
    if known is not None:
        if (known.payment.order_id, known.amount) != (order.pk, amount):
            raise RequestReused(request_id)
        return known
    payment = order.payments.filter(status=PaymentStatus.CAPTURED).select_related("order").first()
    left = payment.amount - selectors.owed_back(payment=payment) if payment else 0
    if payment is None or not 0 < amount <= left:
        raise NothingToRefund(order=order, wanted=amount, left=left)
    refund = _send_refund(payment, amount, id_=request_id, by=by, reason=reason)
    if amount == left and can_cancel(order):
        cancel_order(order=order, reason="staff")
    return refund


@transaction.atomic(savepoint=False)
def record_refund(*, refund: Refund, result: RefundResult) -> None:
    """The money is back with the payer. The order is refunded once all that it paid is."""
    payment = refund.payment
    Order.objects.select_for_update().get(pk=payment.order_id)
    Refund.objects.filter(pk=refund.pk).update(status=RefundStatus.DONE, gateway_reference=result.reference)
    if selectors.given_back(payment=payment) < payment.amount:
        left = payment.amount - selectors.owed_back(payment=payment)
        note_partly_refunded(order=payment.order, amount=refund.amount, left=left)
        return
    others = payment.order.payments.filter(status=PaymentStatus.CAPTURED).exclude(pk=payment.pk)
    if not others.exists():
        mark_refunded(order=payment.order)
    _answer(payment, [PaymentStatus.CAPTURED], status=PaymentStatus.REFUNDED)


@transaction.atomic(savepoint=False)
def hear(*, event: Event) -> bool:
    """Keep what the gateway told, and send for a comparison with its record.

    False: it was told before, or is about a charge that the shop did not make.
    """
    key = event.key or _payment_of(event.reference)
    if key is None:
        return False
    _kept, is_new = GatewayEvent.objects.get_or_create(event_id=event.id, defaults={"kind": event.kind, "key": key})
    if is_new:
        number = Order.objects.filter(payments=key).values_list("number", flat=True).first()
        compare_soon(key=key, reference=event.reference, number=number or "")
    return is_new


@transaction.atomic(savepoint=False)
def compare_soon(*, key: uuid.UUID, reference: str, number: str) -> None:
    """Send for a comparison of one payment with the gateway's record of it; `number` is its order's, where known."""
    enqueue(ComparePayment(payment_id=key, reference=reference), priority=Priority.LOW, subject=number)


def _look_for_money(payment: Payment, order: Order) -> None:
    """A charge that is still under way looks by itself. One that died may have taken money, and nobody would ask."""
    is_coming = payment.message_id and Message.objects.live().filter(pk=payment.message_id).exists()
    if not is_coming:
        compare_soon(key=payment.pk, reference=payment.gateway_reference, number=order.number)


def _payment_of(reference: str) -> uuid.UUID | None:
    if not reference:
        return None
    return Payment.objects.filter(gateway_reference=reference).values_list("pk", flat=True).first()


def _send_refund(
    payment: Payment, amount: int, *, id_: uuid.UUID | None = None, by: str = "", reason: str = ""
) -> Refund:
    refund = Refund.objects.create(id=id_ or uuid.uuid4(), payment=payment, amount=amount)
    enqueue(RefundPayment(refund_id=refund.id), priority=priority(payment.order), subject=payment.order.number)
    note_refund_started(order=payment.order, amount=amount, by=by, reason=reason)
    return refund


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
