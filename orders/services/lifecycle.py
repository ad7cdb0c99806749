"""Services of an order's life: shipping, cancelling, refunding, and what its timeline records."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from messaging.outbox import enqueue
from messaging.outbox import transaction as ledger_transaction
from messaging.redaction import REMOVED
from messaging.topology import Priority
from orders import selectors, signals
from orders.models import (
    IdempotencyKey,
    Order,
    OrderEvent,
    Status,
)
from orders.payloads import CancelUnpaid, SendEmail
from orders.selectors import UNPAID
from orders.timeline import REFUND_FAILED, REFUND_SETTLED, REFUND_STARTED, SENT_AGAIN, WRITTEN_OFF
from orders.transitions import IllegalTransition, change
from orders.values import Address

_MOST_CHANGES = 20


def mark_shipped(*, order: Order, carrier: str, tracking_number: str) -> None:
    """paid → shipped.

    Raises `IllegalTransition`, for example if the order was cancelled while its parcel was being booked, and `OnHold`.
    """
    data = {"carrier": carrier, "tracking_number": tracking_number}
    change(order, Status.SHIPPED, signals.order_shipped, data, unless_held=True)


def send_again(*, order: Order, goods_are_back: bool, by: str) -> None:
    """shipped → paid: the parcel did not arrive, and the operator `by` has another one sent.

    `goods_are_back`: the contents were returned in a condition to be sold. Receivers may veto, for example if stock is
    gone. Raises `OnHold`.
    """
    change(
        order,
        Status.PAID,
        signals.order_sent_again,
        {"by": by},
        {"goods_are_back": goods_are_back},
        kind=SENT_AGAIN,
        sources=[Status.SHIPPED],
        unless_held=True,
    )


def mark_delivered(*, order: Order) -> None:
    """shipped → delivered."""
    change(order, Status.DELIVERED, signals.order_delivered)


def cancel_order(*, order: Order, reason: str = "customer") -> None:
    """To cancelled, from any status before shipment. `reason` is a code, such as `customer` or `staff`."""
    change(order, Status.CANCELLED, signals.order_cancelled, {"reason": reason})


def cancel_unpaid_order(*, order: Order) -> None:
    """To cancelled, if the order is unpaid and still has the status that `order.status` holds.

    Otherwise raises `IllegalTransition`: the customer may just have paid, or be paying again.
    """
    sources = [status for status in UNPAID if status == order.status]
    change(order, Status.CANCELLED, signals.order_cancelled, {"reason": "unpaid"}, sources=sources)


@ledger_transaction()
def expire_reservations(*, now: datetime, limit: int = 500) -> int:
    """Enqueue the cancellation of up to `limit` unpaid orders that still reserve stock. Returns how many.

    One message each, so that no transaction locks the stock of two orders.
    """
    expired = list(selectors.expired_reservations(now=now).values_list("pk", "number")[:limit])
    for order_id, number in expired:
        enqueue(CancelUnpaid(order_id=order_id), priority=Priority.LOW, subject=number)
    return len(expired)


@ledger_transaction()
def acknowledge_orders(*, now: datetime, limit: int = 500) -> int:
    """Enqueue an e-mail about each of up to `limit` orders that wait for their payment. Returns how many.

    Locks the orders and checks them again, in case another delivery of the task came first.
    """
    found = list(selectors.unacknowledged(now=now).values_list("pk", flat=True)[:limit])
    list(Order.objects.select_for_update(no_key=True).filter(pk__in=found).order_by("pk").values_list("pk"))
    waiting = list(selectors.unacknowledged(now=now).filter(pk__in=found).values_list("pk", "number", "status"))
    for order_id, number, status in waiting:
        enqueue(SendEmail(order_id=order_id, kind=status), priority=Priority.LOW, subject=number)
    return len(waiting)


def mark_refunded(*, order: Order) -> None:
    """paid, shipped, delivered or cancelled → refunded: everything that was paid has been refunded."""
    change(order, Status.REFUNDED, signals.order_refunded)


@transaction.atomic(savepoint=False)
def record_refund_started(*, order: Order, amount: int, by: str = "", reason: str = "") -> None:
    """Record that `by` started a refund of `amount` minor units. The status does not change."""
    _record_amount(order, REFUND_STARTED, amount, {"by": by, "reason": reason, "is_part": amount < order.total})


@transaction.atomic(savepoint=False)
def record_refund_failed(*, order: Order, amount: int) -> None:
    """Record that a refund of `amount` minor units failed, so that an operator must decide. The status stays."""
    _record_amount(order, REFUND_FAILED, amount, {})


@transaction.atomic(savepoint=False)
def record_refund_settled(*, order: Order, amount: int, by: str, reason: str) -> None:
    """Record that `by` has paid a refund of `amount` minor units back in another way. The status stays."""
    _record_amount(order, REFUND_SETTLED, amount, {"by": by, "reason": reason})


@transaction.atomic(savepoint=False)
def record_written_off(*, order: Order, amount: int, by: str, reason: str) -> None:
    """Record that `by` has given up `amount` minor units, which cannot be captured any more. The status stays."""
    _record_amount(order, WRITTEN_OFF, amount, {"by": by, "reason": reason})


@transaction.atomic(savepoint=False)
def record_partial_refund(*, order: Order, amount: int, left: int) -> None:
    """Record that `amount` was refunded and announce it. The status does not change.

    `left` is what will not have been refunded once all pending refunds are done. Both are minor units.
    """
    _record_amount(order, "partly_refunded", amount, {})
    signals.order_partly_refunded.send(sender=Order, order=order, amount=amount, left=left)


@transaction.atomic(savepoint=False)
def record_parcel_state(*, order: Order, state: str) -> None:
    """Record that the parcel is `delayed`, `lost`, `returned`, `found` or `found_late`. The status does not change.

    Each at most `_MOST_CHANGES` times: a carrier may contradict itself each time it is asked.
    """
    kind = f"parcel_{state}"
    if OrderEvent.objects.filter(order=order, kind=kind).count() < _MOST_CHANGES:
        OrderEvent.objects.create(order=order, kind=kind)


@transaction.atomic(savepoint=False)
def record_dispute_state(*, order: Order, state: str, amount: int) -> None:
    """Record that a dispute of `amount` minor units was `opened`, `won`, `lost` or `closed`. The status stays."""
    _record_amount(order, f"dispute_{state}", amount, {})


def change_address(*, order: Order, address: Address, by: str) -> bool:
    """Change the delivery address. Returns whether it differed. The timeline does not show the address.

    Raises `IllegalTransition` unless the order is paid and not yet shipped.
    """
    fields = asdict(address)
    with transaction.atomic(savepoint=False):
        unshipped = Order.objects.filter(pk=order.pk, status=Status.PAID, anonymised_at=None)
        changed = unshipped.exclude(**fields).update(**fields)
        if changed:
            OrderEvent.objects.create(order=order, kind="address_changed", data={"by": by})
    order.refresh_from_db(fields=["status", *fields])
    if order.status != Status.PAID:
        raise IllegalTransition(number=order.number, present=order.status, wanted=Status.SHIPPED)
    return bool(changed)


def _record_amount(order: Order, kind: str, amount: int, data: dict[str, Any]) -> None:
    OrderEvent.objects.create(order=order, kind=kind, data={"amount": amount, "currency": order.currency} | data)


@transaction.atomic(savepoint=False)
def anonymise_orders(*, orders: Sequence[Order]) -> None:
    """Remove the customers' personal data for good, in statements whose number does not depend on that of the orders.

    Amounts, items, dates, country and timeline stay, for accounting. Idempotency keys are removed, too: clients may
    have put personal data into them. The caller bounds how many orders it passes.
    """
    changes: dict[str, Any] = dict.fromkeys(("email", "line2", "city", "postcode", "state"), "")
    changes |= {"name": REMOVED, "line1": REMOVED, "user": None, "anonymised_at": timezone.now()}
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(**changes)
    for order in orders:
        for field, value in changes.items():
            setattr(order, field, value)
    IdempotencyKey.objects.filter(order__in=orders).delete()
    signals.orders_anonymised.send(sender=Order, orders=orders)
