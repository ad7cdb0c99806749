"""Charges: starting a payment, authorising it, cancelling it, or replacing it by one with another method."""

import uuid

from django.conf import settings
from django.db import transaction

from messaging import clock
from messaging.models import Message
from messaging.outbox import enqueue
from messaging.topology import Priority
from orders.models import Order, Status
from orders.selectors import order_page_url, priority
from orders.transitions import lock_order
from payments.gateways import Charge, gateway, gateway_name
from payments.models import AWAITED, RESERVED, Payment, PaymentStatus
from payments.payloads import ChargePayment
from payments.services.gateway_events import enqueue_comparison
from payments.services.refunds import refund_remainder
from payments.services.voids import enqueue_void


@transaction.atomic(savepoint=False)
def start_payment(*, order: Order, method: str) -> Payment:
    """Create a payment of the order's total and enqueue its authorisation."""
    id_ = uuid.uuid4()
    message = enqueue(ChargePayment(payment_id=id_), priority=priority(order), subject=order.number)
    return Payment.objects.create(
        id=id_,
        order=order,
        method=method,
        gateway=gateway_name(),
        amount=order.total,
        currency=order.currency,
        message_id=message.id,
        created_at=clock.moment(),  # as it decides when the gateway is asked again
    )


def charge_once(*, payment: Payment, is_first_attempt: bool) -> Charge | None:
    """Authorise a pending payment, unless an earlier attempt did and its reply was lost. Raises `CardDeclined`.

    Every attempt but the first asks the gateway for such a charge: gateways forget idempotency keys after a day, and an
    operator may retry later than that. This also finds what the gateway reserves for a payment that was cancelled
    meanwhile, to be released.
    """
    key = str(payment.id)
    if payment.status == PaymentStatus.CANCELLED or (payment.status == PaymentStatus.PENDING and not is_first_attempt):
        record = gateway(of=payment.gateway).fetch(idempotency_key=key)
        if record is not None and record.charge is not None:
            return record.charge
    if payment.status == PaymentStatus.PENDING:
        return gateway(of=payment.gateway).authorise(
            idempotency_key=key,
            amount=payment.amount,
            currency=payment.currency,
            method=payment.method,
            return_url=order_page_url(public_id=payment.order.public_id),
        )
    return None


@transaction.atomic(savepoint=False)
def recheck_cancelled_payment(*, payment: Payment) -> None:
    """Look for a charge of a cancelled payment once more, when no other delivery can still be working on it.

    Until then a delivery that was cut off may still reserve money and find its message settled. That has to be
    released, too.
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
    """Cancel the order's undecided payment, release what the gateway reserves, and refund captured payments.

    The order's status must already have changed in the same transaction: that keeps new charges out.
    """
    _release(order)
    for payment in order.payments.filter(status=PaymentStatus.CAPTURED).select_related("order"):
        refund_remainder(payment=payment)


@transaction.atomic(savepoint=False)
def release_if_ended(*, payment: Payment) -> None:
    """Release a payment whose order has ended: a process of an older release, which did not know of it, ended it."""
    order = lock_order(order_id=payment.order_id)
    if order.status in (Status.CANCELLED, Status.REFUNDED):
        _release(order)


@transaction.atomic(savepoint=False)
def replace_payment(*, order: Order, method: str) -> Payment:
    """Pay with another method instead of confirming the present payment, which is released.

    The order's status must already have changed in the same transaction.
    """
    _release(order)
    return start_payment(order=order, method=method)


def _release(order: Order) -> None:
    for payment in order.payments.filter(status__in={*AWAITED, *RESERVED}):
        Payment.objects.filter(pk=payment.pk).update(status=PaymentStatus.CANCELLED, action_url="")
        if payment.status == PaymentStatus.PENDING:
            _look_for_charge(payment, order)
        else:
            enqueue_void(payment=payment, order=order)


def _look_for_charge(payment: Payment, order: Order) -> None:
    """A live charge message handles the cancellation itself. A dead one may have reserved money unnoticed."""
    is_live = payment.message_id and Message.objects.live().filter(pk=payment.message_id).exists()
    if not is_live:
        enqueue_comparison(key=payment.pk, reference=payment.gateway_reference, number=order.number)
