"""Where on its way is an order, and how is that told at a glance?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext as _

from orders.models import OrderEvent, Status
from orders.selectors import describe, is_given_up, trouble
from payments.models import PaymentStatus

_WAY_OUT = (Status.PLACED, Status.PAID, Status.SHIPPED, Status.DELIVERED)


class Progress(StrEnum):
    """`trouble`: it waits to be tried again, or to be mended. `failed`: it is the shopper's turn."""

    DONE = "done"
    NOW = "now"
    TROUBLE = "trouble"
    FAILED = "failed"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Station:
    """One stop of an order. `at` is when it was reached."""

    key: str
    label: str
    progress: Progress
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Journey:
    stations: tuple[Station, ...]
    headline: str
    story: str


def journey(*, status: str, payment_status: str | None, events: Sequence[OrderEvent]) -> Journey:
    """The order's way so far and ahead. `events` come oldest first; `payment_status` is that of the newest payment."""
    owes_money = status == Status.CANCELLED and payment_status == PaymentStatus.CAPTURED
    failed = trouble(events)
    if status in (Status.CANCELLED, Status.REFUNDED):
        stations = _way_back(status, events, owes_money, Progress.TROUBLE if failed else Progress.NOW)
    else:
        stations = _way_out(status, events, Progress.TROUBLE if failed else Progress.NOW)
    return Journey(
        stations=tuple(stations),
        headline=_headline(status, owes_money, failed),
        story=_story(status, owes_money, failed),
    )


def _way_out(status: str, events: Sequence[OrderEvent], present: Progress) -> list[Station]:
    done = _WAY_OUT.index(Status(status)) if status in _WAY_OUT else 0
    stations = [_station(step, Progress.DONE, events) for step in _WAY_OUT[: done + 1]]
    for step in _WAY_OUT[done + 1 :]:
        is_next = len(stations) == done + 1
        if is_next and status == Status.PAYMENT_FAILED:
            stations.append(Station(step, _("Not paid"), Progress.FAILED))
        else:
            stations.append(_station(step, present if is_next else Progress.AHEAD, events))
    return stations


def _way_back(status: str, events: Sequence[OrderEvent], owes_money: bool, present: Progress) -> list[Station]:
    """Only what really happened, and the money if there is any to come back."""
    reached = {event.kind for event in events}
    steps = [step for step in (*_WAY_OUT, Status.CANCELLED) if step in reached]
    stations = [_station(step, Progress.DONE, events) for step in steps]
    if status == Status.REFUNDED or owes_money:
        stations.append(_station(Status.REFUNDED, present if owes_money else Progress.DONE, events))
    return stations


def _station(step: Status, progress: Progress, events: Sequence[OrderEvent]) -> Station:
    times = [event.at for event in events if event.kind == step]
    label = {
        Status.PLACED: _("Ordered"),
        Status.PAID: _("Paid"),
        Status.SHIPPED: _("On its way"),
        Status.DELIVERED: _("At your door"),
        Status.CANCELLED: _("Cancelled"),
        Status.REFUNDED: _("Money back"),
    }[step]
    return Station(step, label, progress, times[-1] if times and progress == Progress.DONE else None)


def _headline(status: str, owes_money: bool, failed: OrderEvent | None) -> str:
    if failed and is_given_up(failed):
        return _("Something broke on our side, and a person is looking at it.")
    if owes_money:
        return _("This order is cancelled. Your money is on its way back.")
    if failed:
        return _("Not there yet. We keep trying.")
    return {
        Status.PLACED: _("Your order is in. We are taking the payment."),
        Status.PAID: _("Paid. We are packing your parcel."),
        Status.SHIPPED: _("Your parcel is on its way."),
        Status.DELIVERED: _("Delivered. Enjoy!"),
        Status.PAYMENT_FAILED: _("The payment did not go through."),
        Status.CANCELLED: _("This order is cancelled."),
        Status.REFUNDED: _("This order is refunded: the money is back with you."),
    }[Status(status)]


def _story(status: str, owes_money: bool, failed: OrderEvent | None) -> str:
    if failed and is_given_up(failed):
        return _("Your order is safe and goes on from here. You need not do anything.")
    if failed:
        return f"{describe(failed)}."
    if owes_money:
        return _("We have asked your bank to give back all that it took.")
    return {
        Status.PLACED: _("We are asking your bank. This takes a moment."),
        Status.PAID: _("The goods are off the shelf, and the carrier is being called."),
        Status.SHIPPED: _("It has left us. Now it is the carrier's turn."),
        Status.DELIVERED: _("Thank you for buying from us."),
        Status.PAYMENT_FAILED: _("Nothing was taken. Pay with another card, or let the order lapse by itself."),
        Status.CANCELLED: _("Nothing is owed. Should your bank have taken money, it comes back by itself."),
        Status.REFUNDED: _("Your bank may need some days to show it."),
    }[Status(status)]
