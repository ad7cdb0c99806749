"""Refunds: of what a cancelled order has paid, of an amount that an operator decides on, and of one that has failed."""

import uuid
from typing import Final

from django.db import transaction

from messaging.outbox import enqueue
from orders.models import Order, Status
from orders.selectors import can_cancel, priority
from orders.services import cancel_order, record_refund_settled, record_refund_started
from orders.services.operators import Operator, require
from orders.transitions import lock_order
from payments import selectors
from payments.disputes.selectors import contested_amount
from payments.errors import (
    GatewayMismatch,
    NotCaptured,
    NothingToRefund,
    RefundDisputed,
    RefundUnderWay,
    RequestReused,
    TooManyRefunds,
)
from payments.gateways import RefundRecord, gateway
from payments.models import PAYING, SETTLED, Payment, PaymentStatus, Refund, RefundStatus
from payments.payloads import RefundPayment
from payments.services.holds import update_hold
from payments.services.refund_outcomes import finish_if_returned
from payments.services.transitions import change_refund
from payments.signals import payment_compared, refund_returned

REFUND: Final = "payments.refund_payment"
#: Refunds of one payment, before the last one. With repetitions and what is refunded outside the shop they stay below
#: `gateways.base.MOST_REFUNDS`, beyond which none of them can be compared with the gateway's record.
MOST_PARTS = 100


@transaction.atomic(savepoint=False)
def refund_remainder(*, payment: Payment) -> Refund | None:
    """Refund what is left of a captured payment. None: all of it is already refunded or being refunded."""
    left = selectors.refundable_of(payment=payment)
    return _start_refund(payment, left) if left else None


@transaction.atomic(savepoint=False)
def refund_if_unwanted(*, payment: Payment) -> None:
    """Refund what is left of a captured payment that does not pay for its order, once nothing else takes it any more.

    A refund from outside may have taken the place of the one that the order was owed, but not all of it. A won dispute
    gives money back to the shop. Receivers of `payment_compared` refund what is owed for another reason.
    """
    payment.refresh_from_db()
    if payment.status != PaymentStatus.CAPTURED:
        return
    if _is_unwanted(payment):
        refund_remainder(payment=payment)
    payment_compared.send(sender=Payment, payment=payment)


def _is_unwanted(payment: Payment) -> bool:
    """The order has ended or is not paid, or a later payment replaced this one, which was captured all the same."""
    order = payment.order
    if order.status not in (Status.PAID, Status.SHIPPED, Status.DELIVERED):
        return True
    return order.payments.filter(status__in=PAYING, created_at__gt=payment.created_at).exists()


@transaction.atomic(savepoint=False)
def refund_order(*, order: Order, amount: int, request_id: uuid.UUID, by: Operator, reason: str = "") -> Refund | None:
    """Refund `amount` minor units of what the order has paid. None: nothing was captured, so the payment is voided.

    Refunding everything cancels an order that has not shipped, so that its stock is released. A payment that is only
    authorised cannot be refunded in part: that raises `NotCaptured`.
    Calls with the same `request_id` create one refund. Raises `PermissionDenied`, `NothingToRefund` if less than
    `amount` is left, `TooManyRefunds` for one part too many, and `RequestReused` if the `request_id` belongs to another
    refund; nothing is written then.
    """
    require(REFUND, by)
    order = lock_order(order_id=order.pk)
    known = Refund.objects.filter(pk=request_id).select_related("payment").first()
    if known is not None:
        if (known.payment.order_id, known.amount) != (order.pk, amount):
            raise RequestReused(request_id)
        return known
    payment, left = _most_refundable(order)
    if _is_voided(order, amount):
        return None
    authorised = order.payments.filter(status=PaymentStatus.AUTHORISED).first()
    if authorised is not None and not left:
        _cancel_authorised(order, authorised, amount)
        return None
    if payment is None or not 0 < amount <= left:
        disputed = contested_amount(payment=payment) if payment else 0
        raise NothingToRefund(order=order, requested=amount, left=left, disputed=disputed)
    if amount < left and payment.refunds.count() >= MOST_PARTS:
        raise TooManyRefunds(order=order, requested=amount, left=left)
    refund = _start_refund(payment, amount, id_=request_id, by=by.get_username(), reason=reason)
    if amount == left and can_cancel(order):
        cancel_order(order=order, reason="staff")
    return refund


def _most_refundable(order: Order) -> tuple[Payment | None, int]:
    """The captured payment of which most is left, and how much. One that was captured too late is owed back already."""
    captured = order.payments.filter(status=PaymentStatus.CAPTURED).select_related("order").order_by("-created_at")
    left = ((payment, selectors.refundable_of(payment=payment)) for payment in captured)
    return max(left, key=lambda each: each[1], default=(None, 0))


def _is_voided(order: Order, amount: int) -> bool:
    """Whether this very request, repeated, has voided the order's payment: there is no refund to find it by."""
    voided = order.payments.filter(status=PaymentStatus.CANCELLED, amount=amount).exclude(authorised_at=None)
    is_taken = order.payments.filter(status__in=SETTLED).exists()
    return order.status == Status.CANCELLED and not is_taken and voided.exists()


def _cancel_authorised(order: Order, payment: Payment, amount: int) -> None:
    """Cancelling the order voids its payment. Raises `NothingToRefund`, and `NotCaptured` for a part."""
    left = payment.amount if order.status == Status.PAID else 0
    if left == amount:
        cancel_order(order=order, reason="staff")
    elif 0 < amount <= payment.amount:
        failure = selectors.capture_failure(order=order)
        raise NotCaptured(order=order, requested=amount, left=left, failure=failure)
    else:
        raise NothingToRefund(order=order, requested=amount, left=left)


def execute_refund(*, refund: Refund) -> RefundRecord:
    """Have the gateway make the refund, outside any transaction. The refund's id is the idempotency key.

    The gateway is asked for it first, always: it forgets keys after a day, and a second try may come later, by any way.
    """
    asked = gateway(of=refund.payment.gateway)
    request = {"idempotency_key": str(refund.id), "charge_reference": refund.payment.gateway_reference}
    known = asked.find_refund(**request, reference=refund.gateway_reference)
    if known is not None and (refund.gateway_reference or not known.has_failed or known.repeat >= refund.repeats):
        return known
    if refund.gateway_reference:
        raise GatewayMismatch(f"The gateway no longer has refund {refund.pk} ({refund.gateway_reference}).")
    return asked.refund(**request, amount=refund.amount, repeat=refund.repeats)


@transaction.atomic(savepoint=False)
def repeat_refund(*, refund: Refund, by: Operator, reason: str) -> None:
    """Have the gateway make a refund once more that has failed, or that no message will complete.

    The gateway is asked first, so one that succeeded after all is not made again. Raises `PermissionDenied`, and
    `RefundUnderWay` if the refund needs no decision.
    """
    require(REFUND, by)
    refund = _locked(refund)
    if not selectors.needs_decision(refund=refund):
        raise RefundUnderWay(refund)
    if refund.status == RefundStatus.FAILED:
        change_refund(
            refund, status=RefundStatus.PENDING, repeats=refund.repeats + 1, gateway_reference="", failure_code=""
        )
    _enqueue(refund)
    record_refund_started(order=refund.payment.order, amount=refund.amount, by=by.get_username(), reason=reason)


@transaction.atomic(savepoint=False)
def settle_refund(*, refund: Refund, by: Operator, reason: str) -> None:
    """Record that `by` has paid a refund back in another way, for example by bank transfer. Nothing will make it then.

    Raises `PermissionDenied`, `RefundDisputed`, and `RefundUnderWay` if the refund needs no decision, or if the gateway
    may still make it.
    """
    require(REFUND, by)
    refund = _locked(refund)
    if not selectors.can_settle(refund=refund):
        raise RefundUnderWay(refund)
    if contested_amount(payment=refund.payment):
        raise RefundDisputed(refund)
    change_refund(refund, status=RefundStatus.SETTLED, gateway_reference="")
    record_refund_settled(order=refund.payment.order, amount=refund.amount, by=by.get_username(), reason=reason)
    update_hold(order=refund.payment.order)
    finish_if_returned(payment=refund.payment)
    refund_returned.send(sender=Refund, refund=refund)


def _locked(refund: Refund) -> Refund:
    """The refund as it is now. Its order is locked: other decisions about its money come before or after."""
    lock_order(order_id=refund.payment.order_id)
    return selectors.refund_with_order(refund_id=refund.pk)


def _start_refund(
    payment: Payment, amount: int, *, id_: uuid.UUID | None = None, by: str = "", reason: str = ""
) -> Refund:
    refund = Refund.objects.create(id=id_ or uuid.uuid4(), payment=payment, amount=amount)
    _enqueue(refund)
    record_refund_started(order=payment.order, amount=amount, by=by, reason=reason)
    update_hold(order=payment.order)
    return refund


def _enqueue(refund: Refund) -> None:
    order = refund.payment.order
    enqueue(RefundPayment(refund_id=refund.id), priority=priority(order), subject=order.number)
