"""Outcomes of refunds: what the gateway says of them, whether the shop requested them or somebody else did.

Everything is decided under the lock of the order. An answer is recorded only if the refund has not changed since the
gateway was asked: otherwise it may be older than the change, and the gateway is asked again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from messaging.outbox import enqueue
from messaging.recording import storable
from messaging.topology import Priority
from orders.models import Order, Status
from orders.money import display
from orders.services import (
    cancel_order,
    mark_refunded,
    record_partial_refund,
    record_refund_failed,
    record_refund_started,
)
from orders.transitions import lock_order
from payments import selectors
from payments.disputes.selectors import lost_amount
from payments.errors import GatewayMismatch
from payments.gateways import RefundRecord, RefundState
from payments.models import (
    OPEN,
    PAYING,
    REFUND_TRANSITIONS,
    RETURNED,
    Payment,
    PaymentStatus,
    Refund,
    RefundSource,
    RefundStatus,
)
from payments.payloads import RefundPayment
from payments.services.gateway_events import enqueue_comparison
from payments.services.holds import update_hold
from payments.services.transitions import change_refund
from payments.signals import refund_returned

#: A pending refund may take the bank weeks: the older it is, the longer until the gateway is asked again.
_FIRST_LOOK, _LAST_LOOK = timedelta(minutes=10), timedelta(days=1)
_SHARE_OF_AGE = 0.25


@transaction.atomic(savepoint=False)
def record_refund(*, refund: Refund, record: RefundRecord) -> None:
    """Record the gateway's answer about `refund`, which is as it was before the gateway was asked.

    Once everything paid is refunded, so is the order.
    """
    _announce(_record(refund, record))


@transaction.atomic(savepoint=False)
def align_refunds(*, payment: Payment, before: Mapping[UUID, Refund], records: Sequence[RefundRecord]) -> None:
    """Record all that the gateway has refunded of `payment`; `before` are its refunds before the gateway was asked.

    What the shop has not requested is adopted. Refunds that no longer fit into the payment then are cancelled.
    Those that are done are announced once all are recorded: a full refund locks the stock that it releases, and the
    receivers lock the number of a credit note. Everybody takes these in that order, or two would wait for each other.
    """
    _lock_order(payment)
    refunds = list(payment.refunds.select_related("payment__order"))
    by_reference = {refund.gateway_reference: refund for refund in refunds if refund.gateway_reference}
    by_key = {str(refund.pk): refund for refund in refunds}
    returned: list[Refund] = []
    for record in sorted(records, key=lambda r: (r.reference not in by_reference, r.has_failed, -r.repeat)):
        refund = by_reference.get(record.reference) or by_key.get(record.key)
        if refund is None:
            returned += _adopt(payment, record)
        elif _is_about(refund, record):
            returned += _update(refund, record, before)
        elif not record.has_failed:
            returned += _adopt(payment, record, duplicates=refund)
    _announce(returned)
    cancel_what_no_longer_fits(payment=payment)


def finish_if_returned(*, payment: Payment) -> bool:
    """Mark the payment refunded if all of it was, and then its order, unless another payment keeps that one paid.

    An order that has not shipped is cancelled first, so that its stock is released. False: something is left.
    """
    if selectors.refunded_amount(payment=payment) < payment.amount:
        return False
    if Payment.objects.filter(pk=payment.pk, status=PaymentStatus.CAPTURED).update(status=PaymentStatus.REFUNDED):
        order = Order.objects.get(pk=payment.order_id)
        if not order.payments.filter(status__in=PAYING).exists():
            if order.status == Status.PAID:
                cancel_order(order=order, reason="staff")
            if order.status in (Status.SHIPPED, Status.DELIVERED, Status.CANCELLED):
                mark_refunded(order=order)
    return True


def _is_about(refund: Refund, record: RefundRecord) -> bool:
    """Whether `record` says how `refund` stands; otherwise it is an earlier try, or was made beside it."""
    if refund.gateway_reference == record.reference:
        return True
    if record.has_failed:
        is_awaited = refund.status == RefundStatus.PENDING and not refund.gateway_reference
        return is_awaited and record.repeat == refund.repeats
    return not _is_made(refund)


def _is_made(refund: Refund) -> bool:
    return refund.status in RETURNED or selectors.is_at_gateway(refund=refund)


def _record(refund: Refund, record: RefundRecord) -> list[Refund]:
    """The refund, to be announced, if it is done by this."""
    _lock_order(refund.payment)
    if record.amount != refund.amount:
        wanted, got = (display(amount, refund.payment.currency, "en") for amount in (refund.amount, record.amount))
        raise GatewayMismatch(f"Refund {refund.pk} is of {wanted}, but {got} was refunded.")
    becomes = RefundStatus(record.state.value)
    if becomes not in REFUND_TRANSITIONS[refund.status]:
        return []
    failure = storable.text(record.failure)[:60]
    if change_refund(refund, status=becomes, gateway_reference=record.reference, failure_code=failure):
        _FOLLOW_UPS[record.state](refund)
        update_hold(order=refund.payment.order)
        return [refund] if record.state is RefundState.DONE else []
    if not Refund.objects.filter(pk=refund.pk, status=becomes, gateway_reference=record.reference).exists():
        _compare_again(refund.payment)
    return []


def _announce(returned: Iterable[Refund]) -> None:
    for refund in returned:
        refund_returned.send(sender=Refund, refund=refund)


def _update(refund: Refund, record: RefundRecord, before: Mapping[UUID, Refund]) -> list[Refund]:
    asked = before.get(refund.pk)
    if asked is not None and (asked.status, asked.repeats) == (refund.status, refund.repeats):
        return _record(refund, record)
    if refund.status != record.state.value:
        _compare_again(refund.payment)
    return []


def _adopt(payment: Payment, record: RefundRecord, *, duplicates: Refund | None = None) -> list[Refund]:
    """Record a refund that the shop did not request. It takes the place of one of that amount that is stuck."""
    if record.has_failed:
        return []
    same = payment.refunds.filter(status__in=OPEN, amount=record.amount).select_related("payment__order")
    stuck = (refund for refund in same if selectors.can_settle(refund=refund))
    refund = next(stuck, None) if duplicates is None else None
    if refund is None:
        refund = Refund(payment=payment, amount=record.amount, duplicates=duplicates)
        record_refund_started(order=payment.order, amount=record.amount, reason="gateway")
    refund.source, refund.gateway_reference = RefundSource.GATEWAY, record.reference
    refund.save()
    return _record(refund, record)


@transaction.atomic(savepoint=False)
def cancel_what_no_longer_fits(*, payment: Payment) -> None:
    """Cancel refunds that the gateway has not made and would refuse for ever; the oldest stay as long as they fit.

    What others have refunded leaves less of the payment, and so does a lost dispute. The order's hold is updated. The
    caller holds the order's lock.
    """
    refunds = list(payment.refunds.exclude(status=RefundStatus.CANCELLED))
    unmade = [refund for refund in refunds if not _is_made(refund)]
    left = payment.amount - lost_amount(payment=payment) - sum(r.amount for r in refunds if r not in unmade)
    for refund in unmade:
        if refund.amount <= left:
            left -= refund.amount
        else:
            change_refund(refund, status=RefundStatus.CANCELLED)
    update_hold(order=payment.order)


def _follow_pending(refund: Refund) -> None:
    """The gateway is asked again later, beside its webhook."""
    if not selectors.has_live_message(refund=refund):
        age = timezone.now() - refund.created_at
        delay = min(max(_FIRST_LOOK, age * _SHARE_OF_AGE), _LAST_LOOK)
        payload, number = RefundPayment(refund_id=refund.pk), refund.payment.order.number
        enqueue(payload, priority=Priority.LOW, subject=number, delay=delay.total_seconds())


def _follow_done(refund: Refund) -> None:
    payment = refund.payment
    if not finish_if_returned(payment=payment):
        left = selectors.refundable_of(payment=payment)
        record_partial_refund(order=payment.order, amount=refund.amount, left=left)


def _follow_failed(refund: Refund) -> None:
    """The shop has the money again, although all of it may have been refunded; the order keeps its status."""
    payment = refund.payment
    if selectors.refunded_amount(payment=payment) < payment.amount:
        refunded = Payment.objects.filter(pk=payment.pk, status=PaymentStatus.REFUNDED)
        refunded.update(status=PaymentStatus.CAPTURED)
    record_refund_failed(order=payment.order, amount=refund.amount)


_FOLLOW_UPS: dict[RefundState, Callable[[Refund], None]] = {
    RefundState.PENDING: _follow_pending,
    RefundState.DONE: _follow_done,
    RefundState.FAILED: _follow_failed,
}


def _lock_order(payment: Payment) -> None:
    payment.order = lock_order(order_id=payment.order_id)


def _compare_again(payment: Payment) -> None:
    enqueue_comparison(key=payment.pk, reference=payment.gateway_reference, number=payment.order.number)
