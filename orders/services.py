"""How does an order come to be, and how does it change? All writes to orders go through here."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from messaging.outbox import enqueue
from messaging.redaction import REMOVED
from messaging.topology import Priority
from orders import selectors, signals
from orders.errors import IllegalTransition
from orders.models import (
    TRANSITIONS,
    IdempotencyKey,
    Order,
    OrderEvent,
    OrderLine,
    Status,
    default_language,
    new_number,
)
from orders.payloads import CancelUnpaid
from orders.selectors import REFUND_STARTED, REOPENED, SENT_AGAIN, UNPAID
from orders.values import Address, NewLine


@transaction.atomic(savepoint=False)
def place_order(
    *,
    email: str,
    name: str,
    address: Address,
    shipping_method: str,
    shipping_price: int,
    source: str,
    currency: str,
    lines: Sequence[NewLine],
    payment_method: str,
    user: Any = None,
    number: str | None = None,
    language: str = "",
) -> Order:
    """Write an order with its lines and tell of it. Prices are minor units of `currency`.

    `user` is the signed-in shopper, of whatever model the project uses, or None for a guest. `number` is given by
    callers that must name the order before it is a row; it comes from `new_number()`.
    `language` is a code of `LANGUAGES`, by default that of the project.
    """
    subtotal = sum(line.unit_price * line.quantity for line in lines)
    order = Order.objects.create(
        number=number or new_number(),
        user=user,
        email=email,
        name=name,
        **asdict(address),
        shipping_method=shipping_method,
        source=source,
        language=language or default_language(),
        currency=currency,
        subtotal=subtotal,
        shipping_price=shipping_price,
        total=subtotal + shipping_price,
    )
    _write_lines(order, lines)
    _tell(order, Status.PLACED, signals.order_placed, {}, {"payment_method": payment_method})
    return order


def mark_paid(*, order: Order) -> None:
    """placed → paid, and from no other state.

    Raises `IllegalTransition`, as for an order that was cancelled while the bank was asked.
    """
    _move(order, Status.PAID, signals.order_paid, sources=[Status.PLACED])


def mark_payment_failed(*, order: Order, reason: str) -> None:
    """placed → payment_failed. `reason` is the bank's code, such as `card_declined`."""
    _move(order, Status.PAYMENT_FAILED, signals.order_payment_failed, {"reason": reason}, {"reason": reason})


def reopen_order(*, order: Order, payment_method: str) -> None:
    """payment_failed → placed, to be paid with another method. A receiver may refuse, as when stock is gone."""
    _move(
        order,
        Status.PLACED,
        signals.order_reopened,
        kind=REOPENED,
        sources=[Status.PAYMENT_FAILED],
        extra={"payment_method": payment_method},
    )


def mark_shipped(*, order: Order, carrier: str, tracking_number: str) -> None:
    """paid → shipped. Raises `IllegalTransition`, as for an order that was cancelled while the parcel was booked."""
    _move(order, Status.SHIPPED, signals.order_shipped, {"carrier": carrier, "tracking_number": tracking_number})


def send_again(*, order: Order, goods_are_back: bool, by: str) -> None:
    """shipped → paid: the parcel did not arrive, and `by` wants another one to be sent. A receiver may refuse, as when
    stock is gone. `goods_are_back`: what was in the parcel is here again, and fit to be sold."""
    _move(
        order,
        Status.PAID,
        signals.order_sent_again,
        {"by": by},
        {"goods_are_back": goods_are_back},
        kind=SENT_AGAIN,
        sources=[Status.SHIPPED],
    )


def mark_delivered(*, order: Order) -> None:
    """shipped → delivered."""
    _move(order, Status.DELIVERED, signals.order_delivered)


def cancel_order(*, order: Order, reason: str = "customer") -> None:
    """placed, paid or payment_failed → cancelled. `reason` is a code, such as `customer` or `staff`."""
    _move(order, Status.CANCELLED, signals.order_cancelled, {"reason": reason})


def cancel_unpaid_order(*, order: Order) -> None:
    """placed or payment_failed → cancelled, from the one of them that `order.status` remembers.

    Raises `IllegalTransition` from any other: the order may just have been paid, or be paid again.
    """
    sources = [status for status in UNPAID if status == order.status]
    _move(order, Status.CANCELLED, signals.order_cancelled, {"reason": "unpaid"}, sources=sources)


@transaction.atomic(savepoint=False)
def expire_reservations(*, now: datetime, limit: int = 500) -> int:
    """Have up to `limit` orders cancelled that hold goods and have been unpaid for too long; how many.

    Each by a message of its own, so that no transaction locks the goods of two orders.
    """
    expired = list(selectors.expired(now=now).values_list("pk", "number")[:limit])
    for order_id, number in expired:
        enqueue(CancelUnpaid(order_id=order_id), priority=Priority.LOW, subject=number)
    return len(expired)


def mark_refunded(*, order: Order) -> None:
    """paid, shipped, delivered or cancelled → refunded: the money is back with the payer."""
    _move(order, Status.REFUNDED, signals.order_refunded)


@transaction.atomic(savepoint=False)
def note_refund_started(*, order: Order, amount: int, by: str = "", reason: str = "") -> None:
    """Money was sent for to be given back: `amount` minor units, which `by` wanted. The order stays in its state."""
    _note(order, REFUND_STARTED, amount, {"by": by, "reason": reason, "is_part": amount < order.total})


@transaction.atomic(savepoint=False)
def note_partly_refunded(*, order: Order, amount: int, left: int) -> None:
    """Part of the money is back with the payer; the order goes on as it is.

    `left` is what stays paid once all refunds that are under way have come back. Both are minor units.
    """
    _note(order, "partly_refunded", amount, {})
    signals.order_partly_refunded.send(sender=Order, order=order, amount=amount, left=left)


@transaction.atomic(savepoint=False)
def note_parcel(*, order: Order, state: str) -> None:
    """The carrier told that the parcel is `delayed`, `lost` or `returned`; the order stays in its state."""
    OrderEvent.objects.create(order=order, kind=f"parcel_{state}")


def change_address(*, order: Order, address: Address, by: str) -> bool:
    """Send the order somewhere else from now on; whether that changed anything. The timeline does not say where.

    Raises `IllegalTransition` unless the order is paid and has not left.
    """
    wanted = asdict(address)
    with transaction.atomic(savepoint=False):
        still_here = Order.objects.filter(pk=order.pk, status=Status.PAID, anonymised_at=None)
        changed = still_here.exclude(**wanted).update(**wanted)
        if changed:
            OrderEvent.objects.create(order=order, kind="address_changed", data={"by": by})
    order.refresh_from_db(fields=["status", *wanted])
    if order.status != Status.PAID:
        raise IllegalTransition(number=order.number, present=order.status, wanted=Status.SHIPPED)
    return bool(changed)


def _note(order: Order, kind: str, amount: int, data: dict[str, Any]) -> None:
    OrderEvent.objects.create(order=order, kind=kind, data={"amount": amount, "currency": order.currency} | data)


@transaction.atomic(savepoint=False)
def anonymise_order(*, order: Order) -> None:
    """Forget whose order it was, for good. Amounts, goods, dates, country and timeline stay, for the books.

    The keys by which clients name the order go, too: a client may have put anything into them.
    """
    changes: dict[str, Any] = dict.fromkeys(("email", "city", "postcode"), "")
    changes |= {"name": REMOVED, "line1": REMOVED, "user": None, "anonymised_at": timezone.now()}
    Order.objects.filter(pk=order.pk).update(**changes)
    for field, value in changes.items():
        setattr(order, field, value)
    IdempotencyKey.objects.filter(order=order).delete()
    signals.order_anonymised.send(sender=Order, order=order)


def _move(
    order: Order,
    to: Status,
    signal: Signal,
    data: dict[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
    *,
    kind: str = "",
    sources: Iterable[Status] | None = None,
) -> None:
    """Move `order` if it is now in a state that leads to `to`, whatever `order.status` remembers.

    The refusal is raised outside the atomic block. Nothing was written by then, so that a caller may catch it
    and go on in its own transaction.
    """
    allowed = list(_sources_of(to) if sources is None else sources)
    with transaction.atomic(savepoint=False):
        moved = Order.objects.filter(pk=order.pk, status__in=allowed).update(status=to)
        if moved:
            order.status = to
            _tell(order, kind or to, signal, data or {}, extra or {})
    if not moved:
        order.refresh_from_db(fields=["status"])
        raise IllegalTransition(number=order.number, present=order.status, wanted=to)


def _tell(order: Order, kind: str, signal: Signal, data: dict[str, Any], extra: dict[str, Any]) -> None:
    OrderEvent.objects.create(order=order, kind=str(kind), data=data)
    signal.send(sender=Order, order=order, **extra)


def _sources_of(to: Status) -> list[str]:
    return [source for source, targets in TRANSITIONS.items() if to in targets]


def _write_lines(order: Order, lines: Sequence[NewLine]) -> None:
    OrderLine.objects.bulk_create(
        OrderLine(order=order, sku=line.sku, name=line.name, unit_price=line.unit_price, quantity=line.quantity)
        for line in lines
    )
