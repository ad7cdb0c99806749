"""Order timeline: kinds of order events, their texts, and what they say about the order's progress."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from messaging.payloads import payload_for
from messaging.transitions.failure import short
from orders.models import OrderEvent, Status
from orders.money import display

ATTEMPT_FAILED = "attempt_failed"
DEFERRED = "deferred"
REPLAYED = "replayed"
REFUND_FAILED = "refund_failed"
REFUND_SETTLED = "refund_settled"
REFUND_STARTED = "refund_started"
REOPENED = "reopened"
SENT_AGAIN = "sent_again"
WRITTEN_OFF = "written_off"
_ADDRESS_REJECTED = "AddressRejected"
_WORKER_LOST = "WorkerLost"
_PROBLEMS = (ATTEMPT_FAILED, DEFERRED)
_ABOUT_A_STEP = (*_PROBLEMS, REPLAYED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an order's history. `is_resolved`: the step failed, and the order no longer waits for it."""

    event: OrderEvent
    text: str
    is_resolved: bool


def entries_for_shoppers(events: Iterable[OrderEvent]) -> list[Entry]:
    """What shoppers see of `events` (oldest first): of failures, only those of steps that the order waited for.

    Of resolved failures with the same words, only the last.
    """
    entries: list[Entry] = []
    later: set[str] = set()
    for event in reversed([event for event in events if _is_shown(event)]):
        is_resolved = event.kind in _PROBLEMS and not later.isdisjoint(_shown_until(event))
        entry = Entry(event, _resolved(event) if is_resolved else describe(event), is_resolved)
        if not (is_resolved and entries and entries[-1].is_resolved and entries[-1].text == entry.text):
            entries.append(entry)
        later.add(event.kind)
    return entries[::-1]


def current_problem(events: Iterable[OrderEvent]) -> OrderEvent | None:
    """The failed or deferred step that currently blocks an order with these events (oldest first), if any.

    Side work, such as an e-mail, does not block an order; its failures are no concern of the shopper.
    """
    problems: dict[str, OrderEvent] = {}
    for event in events:
        problems = {task: problem for task, problem in problems.items() if event.kind not in _shown_until(problem)}
        if event.kind in _ABOUT_A_STEP:
            problems.pop(_task(event), None)
        if event.kind in _PROBLEMS and _is_shown(event):
            problems[_task(event)] = event
    return next(reversed(problems.values()), None)


def _is_shown(event: OrderEvent) -> bool:
    return event.kind not in _ABOUT_A_STEP or bool(_shown_until(event))


def _shown_until(event: OrderEvent) -> frozenset[str]:
    payload = payload_for(_task(event))
    return payload.shown_until if payload else frozenset()


def _task(event: OrderEvent) -> str:
    return str(event.data.get("task", ""))


def is_final_failure(event: OrderEvent) -> bool:
    """Whether the event is a failed attempt that will not be retried automatically."""
    return event.kind == ATTEMPT_FAILED and not event.data.get("retry_at")


def needs_attention(events: Iterable[OrderEvent]) -> bool:
    """Whether an order with these events (oldest first) is stuck until an operator acts."""
    problem = current_problem(events)
    return problem is not None and is_final_failure(problem)


def is_rejected_address(event: OrderEvent) -> bool:
    """Whether a step failed because the carrier rejected the order's address."""
    return event.kind == ATTEMPT_FAILED and _is_rejection(event.data)


def _is_rejection(data: dict[str, Any]) -> bool:
    """Error types are stored with their module."""
    return short(str(data.get("error_type", ""))) == _ADDRESS_REJECTED


def describe(event: OrderEvent) -> str:
    """The event as one line of a timeline."""
    text = _TEXTS.get(event.kind)
    return text(event.data) if text else event.kind.replace("_", " ").capitalize()


def _payment_failed(data: dict[str, Any]) -> str:
    if data.get("reason") == "card_declined":
        return _("The bank declined the card. You can pay with another one")
    if data.get("reason") == "authentication_failed":
        return _("The payment was not confirmed with the bank. You can pay with another method")
    if data.get("reason") == "authorisation_expired":
        return _("The bank no longer reserves the money. You can pay again")
    return _("The payment failed. You can pay with another method")


def _shipped(data: dict[str, Any]) -> str:
    if "tracking_number" not in data:
        return _("Shipped")
    return _("Handed to %(carrier)s, tracking number %(number)s") % {
        "carrier": data.get("carrier", ""),
        "number": data["tracking_number"],
    }


def _refund_started(data: dict[str, Any]) -> str:
    if data.get("is_part"):
        return _("Refund of %(amount)s started") % {"amount": _amount(data)}
    return _("Refund started")


def _amount(data: dict[str, Any]) -> str:
    return display(data["amount"], data["currency"])


def _cancelled(data: dict[str, Any]) -> str:
    if data.get("reason") == "unpaid":
        return _("Cancelled because it was not paid in time")
    if data.get("reason") == "dispute":
        return _("Cancelled because the bank has returned the payment")
    return _("Cancelled by the shop") if data.get("reason") == "staff" else _("Cancelled")


def _return_cancelled(data: dict[str, Any]) -> str:
    if data.get("by") == "expired":
        return _("Return %(number)s was cancelled, as its parcel did not arrive") % data
    return _("Return %(number)s was cancelled") % data


def _attempt_failed(data: dict[str, Any]) -> str:
    """Only lost workers and failures of outside systems are retried, so the step identifies the system."""
    retry_at = parse_datetime(data.get("retry_at") or "")
    if retry_at is None:
        return _failed_for_good(data)
    return _("%(problem)s; retrying at %(time)s (attempt %(next)s of %(of)s)") % {
        "problem": _problem(data),
        "time": date_format(timezone.localtime(retry_at), "H:i T"),
        "next": data["attempt"] + 1,
        "of": data["of"],
    }


def _failed_for_good(data: dict[str, Any]) -> str:
    if _is_rejection(data):
        return _("The carrier rejected the address. Our team is looking into it")
    if data.get("step") == "notification":
        return _("An e-mail could not be sent")
    return _("Waiting for our team to look into it")


def _resolved(event: OrderEvent) -> str:
    if _is_rejection(event.data):
        problem = _("The carrier rejected the address")
    else:
        problem = _("This step failed") if is_final_failure(event) else _problem(event.data)
    return _("%(problem)s. This has been resolved") % {"problem": problem}


def _deferred(data: dict[str, Any]) -> str:
    return {
        "payment": _("The bank is unreachable. Your payment will continue once it is back"),
        "shipment": _("The carrier is unreachable. Shipping will continue once it is back"),
        "notification": _("The mail server is unreachable. The e-mail will be sent once it is back"),
    }.get(data.get("step", ""), _("An outside system is unreachable. Your order will continue once it is back"))


def _problem(data: dict[str, Any]) -> str:
    if data.get("error_type") == _WORKER_LOST:
        return _("Processing was interrupted")
    return {
        "payment": _("The bank did not answer"),
        "shipment": _("The carrier did not answer"),
        "notification": _("The e-mail could not be sent"),
    }.get(data.get("step", ""), _("This step failed"))


_TEXTS: dict[str, Callable[[dict[str, Any]], str]] = {
    Status.PLACED: lambda data: _("Order placed"),
    Status.ACTION_REQUIRED: lambda data: _("Waiting for you to confirm the payment with your bank"),
    Status.PROCESSING: lambda data: _("Your bank is processing the payment"),
    Status.PAID: lambda data: _("Payment approved"),
    Status.PAYMENT_FAILED: _payment_failed,
    REOPENED: lambda data: _("Paying with another method"),
    Status.SHIPPED: _shipped,
    "parcel_delayed": lambda data: _("The carrier reported a delay"),
    "parcel_lost": lambda data: _("The carrier lost the parcel. Our team is looking into it"),
    "parcel_returned": lambda data: _("The parcel was returned to us. Our team is looking into it"),
    "parcel_found": lambda data: _("The carrier has found the parcel. It is on its way again"),
    "parcel_found_late": lambda data: _("The carrier has found an earlier parcel. Our team is looking into it"),
    SENT_AGAIN: lambda data: _("We are sending another parcel"),
    "address_changed": lambda data: _("Address corrected"),
    Status.DELIVERED: lambda data: _("Delivered"),
    Status.CANCELLED: _cancelled,
    Status.REFUNDED: lambda data: _("Refunded"),
    REFUND_STARTED: _refund_started,
    REFUND_FAILED: lambda data: _("The bank could not make the refund. Our team is looking into it"),
    REFUND_SETTLED: lambda data: _("%(amount)s refunded by our team") % {"amount": _amount(data)},
    WRITTEN_OFF: lambda data: _("%(amount)s could not be collected") % {"amount": _amount(data)},
    "partly_refunded": lambda data: _("%(amount)s refunded") % {"amount": _amount(data)},
    "dispute_opened": lambda data: _("The bank is looking into a dispute of %(amount)s") % {"amount": _amount(data)},
    "dispute_won": lambda data: _("The bank has decided the dispute for the shop"),
    "dispute_lost": lambda data: _("The bank has returned %(amount)s to the card's owner") % {"amount": _amount(data)},
    "dispute_closed": lambda data: _("The dispute was closed"),
    "return_requested": lambda data: _("Return %(number)s requested") % data,
    "return_received": lambda data: _("Return %(number)s received") % data,
    "return_rejected": lambda data: _("Return %(number)s was not accepted") % data,
    "return_cancelled": _return_cancelled,
    ATTEMPT_FAILED: _attempt_failed,
    DEFERRED: _deferred,
    REPLAYED: lambda data: _("Our team has retried this step"),
}
