"""Reads of disputes: what they keep from being refunded, and which ones an operator has to answer."""

import uuid

from django.db.models import QuerySet, Sum

from orders.models import Order
from payments.models import Dispute, Payment

#: Alerts and pages name at most this many.
MOST_SHOWN = 50


def at_stake(*, payment: Payment) -> int:
    """Minor units of a payment that are disputed or lost, so that the shop cannot refund them."""
    return contested_amount(payment=payment) + lost_amount(payment=payment)


def contested_amount(*, payment: Payment) -> int:
    """Minor units of a payment about which the bank has not decided."""
    return _total(payment.disputes.contested())


def lost_amount(*, payment: Payment) -> int:
    """Minor units of a payment that the bank has given back to the shopper."""
    return _total(payment.disputes.lost())


def payment_of(*, key: str) -> Payment | None:
    """The payment, with its order, whose charge has this idempotency key; None if it is not the shop's."""
    try:
        return Payment.objects.select_related("order").filter(pk=uuid.UUID(key)).first()
    except ValueError:
        return None


def disputes_of(*, order: Order) -> list[Dispute]:
    """An order's first disputes, oldest first."""
    return list(Dispute.objects.filter(payment__order=order).order_by("opened_at", "id")[:MOST_SHOWN])


def to_answer() -> list[Dispute]:
    """Disputes that wait for the shop's evidence, with their orders, oldest first."""
    waiting = Dispute.objects.to_answer().select_related("payment__order")
    return list(waiting.order_by("opened_at", "id")[:MOST_SHOWN])


def _total(disputes: QuerySet[Dispute]) -> int:
    return disputes.aggregate(n=Sum("amount"))["n"] or 0
