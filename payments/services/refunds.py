"""Refunds: of what a cancelled order has paid, or of an amount that an operator decides on."""

import uuid

from django.db import transaction

from messaging.outbox import enqueue
from orders.models import Order
from orders.selectors import can_cancel, priority
from orders.services import cancel_order, mark_refunded, record_partial_refund, record_refund_started
from payments import selectors
from payments.errors import NothingToRefund, RequestReused
from payments.gateways import RefundResult, gateway
from payments.models import Payment, PaymentStatus, Refund, RefundStatus
from payments.payloads import RefundPayment
from payments.services.transitions import change_status


@transaction.atomic(savepoint=False)
def refund_remainder(*, payment: Payment) -> Refund | None:
    """Refund what is left of a captured payment. None: all of it is already refunded or being refunded."""
    left = _refundable(payment)
    return _start_refund(payment, left) if left else None


@transaction.atomic(savepoint=False)
def refund_order(*, order: Order, amount: int, request_id: uuid.UUID, by: str, reason: str = "") -> Refund:
    """Refund `amount` minor units of what the order has paid.

    Refunding everything cancels an order that has not shipped, so that its stock is released.
    Calls with the same `request_id` create one refund. Raises `NothingToRefund` if less than `amount` is left, and
    `RequestReused` if the `request_id` belongs to another refund; nothing is written then.
    """
    order = Order.objects.select_for_update().get(pk=order.pk)
    known = Refund.objects.filter(pk=request_id).select_related("payment").first()
    if known is not None:
        if (known.payment.order_id, known.amount) != (order.pk, amount):
            raise RequestReused(request_id)
        return known
    payment = order.payments.filter(status=PaymentStatus.CAPTURED).select_related("order").first()
    left = _refundable(payment) if payment else 0
    if payment is None or not 0 < amount <= left:
        raise NothingToRefund(order=order, requested=amount, left=left)
    refund = _start_refund(payment, amount, id_=request_id, by=by, reason=reason)
    if amount == left and can_cancel(order):
        cancel_order(order=order, reason="staff")
    return refund


def execute_refund(*, refund: Refund) -> RefundResult:
    """Ask the gateway for the refund, outside any transaction. The refund's id is the idempotency key."""
    return gateway().refund(
        idempotency_key=str(refund.id),
        charge_reference=refund.payment.gateway_reference,
        amount=refund.amount,
    )


@transaction.atomic(savepoint=False)
def record_refund(*, refund: Refund, result: RefundResult) -> None:
    """Record that the gateway made the refund. Once everything paid is refunded, so is the order."""
    payment = refund.payment
    Order.objects.select_for_update().get(pk=payment.order_id)
    Refund.objects.filter(pk=refund.pk).update(status=RefundStatus.DONE, gateway_reference=result.reference)
    if selectors.refunded_amount(payment=payment) < payment.amount:
        record_partial_refund(order=payment.order, amount=refund.amount, left=_refundable(payment))
        return
    others = payment.order.payments.filter(status=PaymentStatus.CAPTURED).exclude(pk=payment.pk)
    if not others.exists():
        mark_refunded(order=payment.order)
    change_status(payment, [PaymentStatus.CAPTURED], status=PaymentStatus.REFUNDED)


def _refundable(payment: Payment) -> int:
    """Minor units of a captured payment that are neither refunded nor being refunded."""
    return payment.amount - selectors.requested_refunds(payment=payment)


def _start_refund(
    payment: Payment, amount: int, *, id_: uuid.UUID | None = None, by: str = "", reason: str = ""
) -> Refund:
    refund = Refund.objects.create(id=id_ or uuid.uuid4(), payment=payment, amount=amount)
    enqueue(RefundPayment(refund_id=refund.id), priority=priority(payment.order), subject=payment.order.number)
    record_refund_started(order=payment.order, amount=amount, by=by, reason=reason)
    return refund
