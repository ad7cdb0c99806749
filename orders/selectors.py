"""Reads of orders: what may be done with one, its payment deadline, and unpaid orders past theirs."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import inf
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from messaging import clock
from messaging.models import Message
from messaging.topology import Priority
from orders.models import NUMBER_PREFIX, TRANSITIONS, Order, OrderEvent, ShippingMethod, Source, Status
from orders.payloads import CancelUnpaid, SendEmail
from orders.timeline import REOPENED

#: Of the orders that a search for their payments or parcels matches, at most this many are looked up, newest first.
MOST_FOUND = 200
#: Most payments are decided within seconds and have an e-mail of their own; another about the order would be noise.
ACKNOWLEDGE_AFTER = timedelta(minutes=1)
#: Bounds what each look probes.
ACKNOWLEDGE_WITHIN = timedelta(hours=1)
UNPAID = (Status.PLACED, Status.ACTION_REQUIRED, Status.PAYMENT_FAILED)
#: Its payment is undecided, and nothing is wrong with it. Each has an e-mail of the same name.
WAITING = (Status.PLACED, Status.ACTION_REQUIRED, Status.PROCESSING)


def priority(order: Order) -> Priority:
    """The priority of the order's messages: express orders are high, imports are low."""
    if order.source == Source.IMPORT:
        return Priority.LOW
    return Priority.HIGH if order.shipping_method == ShippingMethod.EXPRESS else Priority.NORMAL


def search_orders(orders: QuerySet[Order], text: str) -> QuerySet[Order]:
    """Those of `orders` that have this e-mail address or public ID, or a number that begins with it.

    Ignores case except in the public ID. Each kind of text is looked up in the index of its own column.
    """
    text = text.strip()
    if "@" in text:
        return orders.alias(lower_email=Lower("email")).filter(lower_email=text.lower())
    if text.upper().startswith(NUMBER_PREFIX):
        return orders.filter(number__startswith=text.upper())
    return orders.filter(public_id=text)


def search_by_order(rows: QuerySet[Any], text: str, *, order: str, otherwise: str) -> QuerySet[Any]:
    """Rows whose order has this number or e-mail address; any other text is matched against `otherwise`.

    At most `MOST_FOUND` orders are looked up, so that their rows are read by key.
    """
    text = text.strip()
    if not text:
        return rows
    if "@" not in text and not text.upper().startswith(NUMBER_PREFIX):
        return rows.filter(**{otherwise: text})
    found = search_orders(Order.objects.order_by("-placed_at"), text)
    return rows.filter(**{f"{order}__in": list(found.values_list("pk", flat=True)[:MOST_FOUND])})


def can_cancel(order: Order) -> bool:
    return Status.CANCELLED in TRANSITIONS[order.status]


def can_pay(order: Order) -> bool:
    """Whether the customer may pay with another method."""
    return order.status in (Status.PAYMENT_FAILED, Status.ACTION_REQUIRED)


def order_page_url(*, public_id: str) -> str:
    """The absolute URL of the order's public page, for e-mails."""
    return f"{settings.SITE_URL}/orders/{public_id}/"


def payment_deadline(*, order: Order, events: Iterable[OrderEvent]) -> datetime | None:
    """When an order with these events is cancelled as unpaid; None if it is not unpaid.

    A `placed` order reserves its stock until then, and so does one whose payment the shopper must confirm; one whose
    payment failed reserves none. Paying again restarts the period. While the bank processes a payment there is none.
    """
    if order.status not in UNPAID:
        return None
    start, seconds = {
        Status.PLACED: (REOPENED, settings.CONVEYOR_RESERVATION_SECONDS),
        Status.ACTION_REQUIRED: (str(Status.ACTION_REQUIRED), settings.CONVEYOR_ACTION_SECONDS),
        Status.PAYMENT_FAILED: (str(Status.PAYMENT_FAILED), settings.CONVEYOR_UNPAID_SECONDS),
    }[Status(order.status)]
    since = max((event.at for event in events if event.kind == start), default=order.placed_at)
    return since + timedelta(seconds=seconds)


def seconds_until_payment_deadline(*, order: Order, now: datetime) -> float:
    """Zero or negative once the deadline has passed, infinite if the order is not unpaid."""
    deadline = payment_deadline(order=order, events=order.events.all())
    return (deadline - now).total_seconds() if deadline else inf


def expired_reservations(*, now: datetime) -> QuerySet[Order]:
    """Orders that still reserve stock after their payment deadline, oldest first.

    Leaves out those with a cancellation that is under way or dead. One that waits for its shopper has such a message
    from the start, and is here once that was discarded or lost.
    """
    is_under_way = Message.objects.unsettled().exist_about("number", task=CancelUnpaid.task)
    placed = _past_deadline(Status.PLACED, start=REOPENED, since=_ago(now, settings.CONVEYOR_RESERVATION_SECONDS))
    unconfirmed = _past_deadline(
        Status.ACTION_REQUIRED, start=Status.ACTION_REQUIRED, since=_ago(now, settings.CONVEYOR_ACTION_SECONDS)
    )
    return Order.objects.filter(placed | unconfirmed, ~is_under_way).order_by("placed_at")


def _past_deadline(status: str, *, start: str, since: datetime) -> Q:
    """Condition of orders of this status whose period began before `since`, at first or by an event of kind `start`."""
    began_later = OrderEvent.objects.filter(order=OuterRef("pk"), kind=start, at__gt=since)
    return Q(~Exists(began_later), status=status, placed_at__lte=since)


def _ago(now: datetime, seconds: float) -> datetime:
    return now - timedelta(seconds=seconds)


def unacknowledged(*, now: datetime) -> QuerySet[Order]:
    """Orders whose payment has been undecided for `ACKNOWLEDGE_AFTER` and that have no e-mail yet.

    Newest first: during an outage, the older ones have theirs.
    """
    has_email = Message.objects.exist_about("number", task=SendEmail.task)
    since, until = now - ACKNOWLEDGE_WITHIN, now - ACKNOWLEDGE_AFTER
    waiting = Order.objects.filter(status__in=WAITING, placed_at__range=(since, until))
    return waiting.filter(~has_email).exclude(source=Source.IMPORT).order_by("-placed_at")


def has_unacknowledged() -> bool:
    return unacknowledged(now=clock.now()).exists()


def has_expired_reservations() -> bool:
    return expired_reservations(now=clock.now()).exists()
