"""What can be asked about an order?"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from math import inf
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from messaging.models import Message
from messaging.topology import Priority
from orders.models import TRANSITIONS, Order, OrderEvent, ShippingMethod, Source, Status
from orders.money import display
from orders.payloads import CancelUnpaid

ATTEMPT_FAILED = "attempt_failed"
DEFERRED = "deferred"
REPLAYED = "replayed"
REFUND_STARTED = "refund_started"
REOPENED = "reopened"
SENT_AGAIN = "sent_again"
UNPAID = (Status.PLACED, Status.PAYMENT_FAILED)
_ADDRESS_REJECTED = "AddressRejected"
_WORKER_LOST = "WorkerLost"


def priority(order: Order) -> Priority:
    """How urgent the order's messages are: express first, imports last."""
    if order.source == Source.IMPORT:
        return Priority.LOW
    return Priority.HIGH if order.shipping_method == ShippingMethod.EXPRESS else Priority.NORMAL


def can_cancel(order: Order) -> bool:
    return Status.CANCELLED in TRANSITIONS[order.status]


def can_pay(order: Order) -> bool:
    """Whether another payment method may be tried."""
    return order.status == Status.PAYMENT_FAILED


def order_page_url(order: Order) -> str:
    """The full address of the order's public page, for e-mails."""
    return f"{settings.SITE_URL}/orders/{order.public_id}/"


def latest_event(*, order_id: int, kind: str) -> OrderEvent | None:
    return OrderEvent.objects.filter(order_id=order_id, kind=kind).order_by("at", "id").last()


def lapses_at(*, order: Order, events: Iterable[OrderEvent]) -> datetime | None:
    """When an order with these events counts as unpaid for too long; None for one that is not unpaid.

    One that is `placed` holds its goods until then. One whose payment failed holds none. Paying again starts the time
    anew.
    """
    if order.status not in UNPAID:
        return None
    began, seconds = {
        Status.PLACED: (REOPENED, settings.CONVEYOR_RESERVATION_SECONDS),
        Status.PAYMENT_FAILED: (str(Status.PAYMENT_FAILED), settings.CONVEYOR_UNPAID_SECONDS),
    }[Status(order.status)]
    since = max((event.at for event in events if event.kind == began), default=order.placed_at)
    return since + timedelta(seconds=seconds)


def unpaid_seconds_left(*, order: Order, now: datetime) -> float:
    """Seconds until the order counts as unpaid for too long; zero or less once it does, endless if it is not unpaid."""
    deadline = lapses_at(order=order, events=order.events.all())
    return (deadline - now).total_seconds() if deadline else inf


def expired(*, now: datetime) -> QuerySet[Order]:
    """Orders that hold goods and have been unpaid for too long, oldest first. One whose cancellation is on its way
    already, or waits for an operator, is left out."""
    since = now - timedelta(seconds=settings.CONVEYOR_RESERVATION_SECONDS)
    paid_again = OrderEvent.objects.filter(order=OuterRef("pk"), kind=REOPENED, at__gt=since)
    asked = Message.objects.unsettled().filter(task=CancelUnpaid.task, subject=OuterRef("number"))
    placed = Order.objects.filter(status=Status.PLACED, placed_at__lte=since)
    return placed.filter(~Exists(paid_again), ~Exists(asked)).order_by("placed_at")


def anything_expired() -> bool:
    return expired(now=timezone.now()).exists()


def trouble(events: Iterable[OrderEvent]) -> OrderEvent | None:
    """What an order with these events, oldest first, is not over yet: a failed attempt, or that nobody answers.

    E-mails hold nothing up.
    """
    steps = [event for event in events if not _is_about_an_email(event)]
    return steps[-1] if steps and steps[-1].kind in (ATTEMPT_FAILED, DEFERRED) else None


def is_given_up(event: OrderEvent) -> bool:
    """Whether this failed attempt was the last one, so that a person must look at it."""
    return event.kind == ATTEMPT_FAILED and not event.data.get("retry_at")


def waits_for_a_person(events: Iterable[OrderEvent]) -> bool:
    """Whether an order with these events, oldest first, stands still until an operator has mended a step of it."""
    failed = trouble(events)
    return failed is not None and is_given_up(failed)


def is_rejected_address(event: OrderEvent) -> bool:
    """Whether a step failed since no carrier accepts the order's address."""
    return event.kind == ATTEMPT_FAILED and _is_rejection(event.data)


def _is_rejection(data: dict[str, Any]) -> bool:
    """The ledger names errors with their modules."""
    return str(data.get("error_type", "")).rpartition(".")[2] == _ADDRESS_REJECTED


def _is_about_an_email(event: OrderEvent) -> bool:
    return event.kind in (ATTEMPT_FAILED, DEFERRED, REPLAYED) and event.data.get("step") == "notification"


def describe(event: OrderEvent) -> str:
    """The event in plain words, for timelines."""
    tell = _TEXTS.get(event.kind)
    return tell(event.data) if tell else event.kind.replace("_", " ").capitalize()


def _payment_failed(data: dict[str, Any]) -> str:
    if data.get("reason") == "card_declined":
        return _("The bank declined the card. You can pay with another one")
    return _("The payment failed. You can pay with another card")


def _shipped(data: dict[str, Any]) -> str:
    if "tracking_number" not in data:
        return _("Shipped")
    return _("Handed to %(carrier)s, tracking number %(number)s") % {
        "carrier": data.get("carrier", ""),
        "number": data["tracking_number"],
    }


def _refund_started(data: dict[str, Any]) -> str:
    if data.get("is_part"):
        return _("%(amount)s is on its way back to you") % {"amount": _amount(data)}
    return _("Your money is on its way back")


def _amount(data: dict[str, Any]) -> str:
    return display(data["amount"], data["currency"])


def _cancelled(data: dict[str, Any]) -> str:
    if data.get("reason") == "unpaid":
        return _("Cancelled, because it was not paid in time")
    return _("Cancelled by the shop") if data.get("reason") == "staff" else _("Cancelled")


def _attempt_failed(data: dict[str, Any]) -> str:
    """Besides lost workers only faults of the outside world are tried again, so the step says who did not answer."""
    retry_at = parse_datetime(data.get("retry_at") or "")
    if retry_at is None:
        is_email = data.get("step") == "notification"
        if _is_rejection(data):
            return _("The carrier does not accept the address. A person is looking at it")
        return _("An e-mail could not be sent") if is_email else _("Waiting for a person to look at it")
    return _("%(who)s, trying again at %(time)s (try %(next)s of %(of)s)") % {
        "who": _who_failed(data),
        "time": date_format(timezone.localtime(retry_at), "H:i"),
        "next": data["attempt"] + 1,
        "of": data["of"],
    }


def _deferred(data: dict[str, Any]) -> str:
    return {
        "payment": _("The bank answers nobody at the moment. Your payment waits until it does"),
        "shipment": _("The carrier answers nobody at the moment. Your parcel waits until it does"),
    }.get(data.get("step", ""), _("What this needs does not answer at the moment. It waits until it does"))


def _who_failed(data: dict[str, Any]) -> str:
    if data.get("error_type") == _WORKER_LOST:
        return _("The work on it was interrupted")
    return {
        "payment": _("The bank did not answer"),
        "shipment": _("The carrier did not answer"),
        "notification": _("The e-mail could not be sent"),
    }.get(data.get("step", ""), _("That did not work"))


_TEXTS: dict[str, Callable[[dict[str, Any]], str]] = {
    Status.PLACED: lambda data: _("Order placed"),
    Status.PAID: lambda data: _("Card charged"),
    Status.PAYMENT_FAILED: _payment_failed,
    REOPENED: lambda data: _("Paying again with another method"),
    Status.SHIPPED: _shipped,
    "parcel_delayed": lambda data: _("The carrier is late with the parcel"),
    "parcel_lost": lambda data: _("The carrier has lost the parcel. A person is looking at it"),
    "parcel_returned": lambda data: _("The parcel came back to us. A person is looking at it"),
    SENT_AGAIN: lambda data: _("We are sending another parcel"),
    "address_changed": lambda data: _("The address was corrected"),
    Status.DELIVERED: lambda data: _("Delivered"),
    Status.CANCELLED: _cancelled,
    Status.REFUNDED: lambda data: _("Your money is back"),
    REFUND_STARTED: _refund_started,
    "partly_refunded": lambda data: _("%(amount)s given back") % {"amount": _amount(data)},
    ATTEMPT_FAILED: _attempt_failed,
    DEFERRED: _deferred,
    REPLAYED: lambda data: _("A person has looked at it, trying again"),
}
