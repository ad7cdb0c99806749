"""Reads of orders: what may be done with one, its payment deadline, and unpaid orders past theirs."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import inf

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from messaging.models import Message
from messaging.topology import Priority
from orders.models import TRANSITIONS, Order, OrderEvent, ShippingMethod, Source, Status
from orders.payloads import CancelUnpaid
from orders.timeline import REOPENED

UNPAID = (Status.PLACED, Status.PAYMENT_FAILED)


def priority(order: Order) -> Priority:
    """The priority of the order's messages: express orders are high, imports are low."""
    if order.source == Source.IMPORT:
        return Priority.LOW
    return Priority.HIGH if order.shipping_method == ShippingMethod.EXPRESS else Priority.NORMAL


def can_cancel(order: Order) -> bool:
    return Status.CANCELLED in TRANSITIONS[order.status]


def can_pay(order: Order) -> bool:
    """Whether the customer may pay with another method."""
    return order.status == Status.PAYMENT_FAILED


def order_page_url(order: Order) -> str:
    """The absolute URL of the order's public page, for e-mails."""
    return f"{settings.SITE_URL}/orders/{order.public_id}/"


def latest_event(*, order_id: int, kind: str) -> OrderEvent | None:
    return OrderEvent.objects.filter(order_id=order_id, kind=kind).order_by("at", "id").last()


def payment_deadline(*, order: Order, events: Iterable[OrderEvent]) -> datetime | None:
    """When an order with these events is cancelled as unpaid; None if it is not unpaid.

    A `placed` order reserves its stock until then; one whose payment failed reserves none. Paying again restarts the
    period.
    """
    if order.status not in UNPAID:
        return None
    start, seconds = {
        Status.PLACED: (REOPENED, settings.CONVEYOR_RESERVATION_SECONDS),
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

    Leaves out those with a cancellation that is under way or dead.
    """
    since = now - timedelta(seconds=settings.CONVEYOR_RESERVATION_SECONDS)
    paid_again = OrderEvent.objects.filter(order=OuterRef("pk"), kind=REOPENED, at__gt=since)
    cancellations = Message.objects.unsettled().filter(task=CancelUnpaid.task, subject=OuterRef("number"))
    placed = Order.objects.filter(status=Status.PLACED, placed_at__lte=since)
    return placed.filter(~Exists(paid_again), ~Exists(cancellations)).order_by("placed_at")


def has_expired_reservations() -> bool:
    return expired_reservations(now=timezone.now()).exists()
