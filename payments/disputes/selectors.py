"""Reads of disputes: what they keep from being refunded, and which ones an operator has to answer."""

import uuid
from collections.abc import Iterable
from contextlib import suppress

from orders.models import Order
from payments.amounts import total
from payments.models import Dispute, Payment

#: Alerts and pages name at most this many.
MOST_SHOWN = 50


def at_stake(*, payment: Payment) -> int:
    """Minor units of a payment that are disputed or lost, so that the shop cannot refund them."""
    return total(payment.disputes.at_stake())


def contested_amount(*, payment: Payment) -> int:
    """Minor units of a payment about which the bank has not decided."""
    return total(payment.disputes.contested())


def lost_amount(*, payment: Payment) -> int:
    """Minor units of a payment that the bank has given back to the shopper."""
    return total(payment.disputes.lost())


def payment_of(*, key: str) -> Payment | None:
    """The payment, with its order, whose charge has this idempotency key; None if it is not the shop's."""
    return payments_of(keys=[key]).get(key)


def payments_of(*, keys: Iterable[str]) -> dict[str, Payment]:
    """The shop's payments among these, with their orders, by the idempotency key of their charge."""
    ids: dict[str, uuid.UUID] = {}
    for key in keys:
        with suppress(ValueError):
            ids[key] = uuid.UUID(key)
    payments = Payment.objects.select_related("order").in_bulk(list(ids.values()))
    return {key: payments[id_] for key, id_ in ids.items() if id_ in payments}


def disputes_of(*, order: Order) -> list[Dispute]:
    """An order's first disputes, oldest first."""
    return list(Dispute.objects.filter(payment__order=order).order_by("opened_at", "id")[:MOST_SHOWN])


def to_answer() -> list[Dispute]:
    """Disputes that wait for the shop's evidence, with their orders, oldest first."""
    waiting = Dispute.objects.to_answer().select_related("payment__order")
    return list(waiting.order_by("opened_at", "id")[:MOST_SHOWN])
