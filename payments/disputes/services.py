"""Dispute services: every write to a dispute goes through here.

Everything is decided under the lock of the order, as refunds are: what is disputed is not refunded, and the other way
round.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone

from messaging.recording import storable
from orders.models import Order, Status
from orders.services import cancel_order, record_dispute_state
from orders.services.operators import Operator, require
from orders.transitions import lock_order
from payments.disputes.events import enqueue_comparison
from payments.gateways import DisputeRecord
from payments.models import UNDECIDED, Dispute, DisputeStatus, Payment
from payments.services.holds import has_nothing_left
from payments.services.refund_outcomes import cancel_what_no_longer_fits
from payments.services.refunds import refund_if_unwanted

ANSWER_DISPUTE = "payments.answer_dispute"


@transaction.atomic(savepoint=False)
def record_dispute(*, payment: Payment, record: DisputeRecord, before: Dispute | None) -> None:
    """Record how a dispute of `payment` stands; `before` is the shop's as it was before the gateway was asked.

    If it has changed since, `record` may be older than the change, and the gateway is asked again.
    """
    order = payment.order = lock_order(order_id=payment.order_id)
    known = Dispute.objects.filter(gateway_id=record.reference).first()
    if _stands(known) != _stands(before):
        enqueue_comparison(reference=record.reference, payment=payment)
        return
    dispute = known or Dispute(gateway_id=record.reference, payment=payment)
    for name, value in _changes(dispute, record).items():
        setattr(dispute, name, value)
    dispute.save()
    if known is None:
        record_dispute_state(order=order, state="opened", amount=dispute.amount)
    if dispute.closed_at and (before is None or before.status != dispute.status):
        record_dispute_state(order=order, state=dispute.status, amount=dispute.amount)
    _settle(order, payment)


@transaction.atomic(savepoint=False)
def mark_answered(*, dispute: Dispute, by: Operator) -> bool:
    """Record that the operator `by` has sent the evidence that `dispute` asks for. False: nobody waits for it any more.

    The lock keeps what the gateway says meanwhile from overwriting it. Raises `PermissionDenied`.
    """
    require(ANSWER_DISPUTE, by)
    lock_order(order_id=dispute.payment.order_id)
    asked = {"is_inquiry": dispute.is_inquiry, "evidence_due_at": dispute.evidence_due_at}
    return bool(Dispute.objects.to_answer().filter(pk=dispute.pk, **asked).update(answered_at=timezone.now()))


def _stands(dispute: Dispute | None) -> tuple[Any, ...] | None:
    return (dispute.status, dispute.is_inquiry, dispute.amount, dispute.is_withdrawn) if dispute else None


def _changes(dispute: Dispute, record: DisputeRecord) -> dict[str, Any]:
    """A bank may count in another currency, or at another day's rate: no more than the payment is disputed.

    It may ask for evidence again after a review, or once an inquiry has become a dispute.
    """
    payment, status, now = dispute.payment, DisputeStatus(record.state), timezone.now()
    is_same = (dispute.status, dispute.is_inquiry) == (status, record.is_inquiry)
    return {
        "amount": min(record.amount, payment.amount) if record.currency == payment.currency else payment.amount,
        "currency": payment.currency,
        "reason": storable.text(record.reason)[:60],
        "status": status,
        "is_inquiry": record.is_inquiry,
        "is_withdrawn": record.is_withdrawn,
        "evidence_due_at": record.evidence_due_at,
        "opened_at": record.opened_at,
        "answered_at": dispute.answered_at if is_same or status != DisputeStatus.NEEDS_RESPONSE else None,
        "closed_at": None if status in UNDECIDED else dispute.closed_at if is_same else now,
        "compared_at": now,
    }


def _settle(order: Order, payment: Payment) -> None:
    """Refund what a cancelled order got back, and cancel an unshipped one if nothing is left of its money."""
    cancel_what_no_longer_fits(payment=payment)
    refund_if_unwanted(payment=payment)
    if order.status == Status.PAID and has_nothing_left(order=order):
        cancel_order(order=order, reason="dispute")
