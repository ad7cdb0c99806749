"""Progress of an order: its steps done and ahead, a headline and an explanation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import OrderEvent, Status
from orders.timeline import SENT_AGAIN, current_problem, describe, is_final_failure, is_rejected_address
from payments.models import PaymentStatus
from shipping.models import ShipmentStatus

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

_STEPS_OUT = (Status.PLACED, Status.PAID, Status.SHIPPED, Status.DELIVERED)

_PERSON_INVOLVED = gettext_lazy(
    "A person is looking at it: you get another parcel, or your money back. You need not do anything."
)
_PARCEL_WORDS: "dict[str, tuple[StrPromise, StrPromise]]" = {
    ShipmentStatus.DELAYED: (
        gettext_lazy("The carrier is late with your parcel."),
        gettext_lazy("It is still on its way. We look after it, and tell here what the carrier tells us."),
    ),
    ShipmentStatus.LOST: (
        gettext_lazy("The carrier has lost your parcel."),
        _PERSON_INVOLVED,
    ),
    ShipmentStatus.RETURNED: (
        gettext_lazy("Your parcel came back to us."),
        _PERSON_INVOLVED,
    ),
}


class StepState(StrEnum):
    """`trouble`: a retry is scheduled, or an operator has to act. `failed`: the shopper has to act."""

    DONE = "done"
    NOW = "now"
    TROUBLE = "trouble"
    FAILED = "failed"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an order. `at` is when it was reached."""

    key: str
    label: str
    state: StepState
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderProgress:
    steps: tuple[Step, ...]
    headline: str
    explanation: str


def order_progress(
    *, status: str, payment_status: str | None, events: Sequence[OrderEvent], parcel_status: str | None = None
) -> OrderProgress:
    """The order's progress. `events` come oldest first; `payment_status` is that of the newest payment,
    `parcel_status` that of the current parcel."""
    owes_money = status == Status.CANCELLED and payment_status == PaymentStatus.CAPTURED
    failed = current_problem(events)
    if status == Status.SHIPPED and parcel_status in _PARCEL_WORDS:
        steps = _steps_out(status, events, StepState.TROUBLE)
        headline, explanation = _parcel_words(parcel_status)
        return OrderProgress(tuple(steps), headline, explanation)
    if status in (Status.CANCELLED, Status.REFUNDED):
        steps = _steps_back(status, events, owes_money, StepState.TROUBLE if failed else StepState.NOW)
    else:
        steps = _steps_out(status, events, StepState.TROUBLE if failed else StepState.NOW)
    return OrderProgress(
        steps=tuple(steps),
        headline=_headline(status, owes_money, failed, events),
        explanation=_explanation(status, owes_money, failed),
    )


def _steps_out(status: str, events: Sequence[OrderEvent], present: StepState) -> list[Step]:
    done = _STEPS_OUT.index(Status(status)) if status in _STEPS_OUT else 0
    steps = [_step(step, StepState.DONE, events) for step in _STEPS_OUT[: done + 1]]
    for step in _STEPS_OUT[done + 1 :]:
        is_next = len(steps) == done + 1
        if is_next and status == Status.PAYMENT_FAILED:
            steps.append(Step(step, _("Not paid"), StepState.FAILED))
        else:
            steps.append(_step(step, present if is_next else StepState.AHEAD, events))
    return steps


def _steps_back(status: str, events: Sequence[OrderEvent], owes_money: bool, present: StepState) -> list[Step]:
    """Only the steps that were reached, and the refund if one is due or done."""
    reached = {event.kind for event in events}
    steps = [_step(step, StepState.DONE, events) for step in (*_STEPS_OUT, Status.CANCELLED) if step in reached]
    if status == Status.REFUNDED or owes_money:
        steps.append(_step(Status.REFUNDED, present if owes_money else StepState.DONE, events))
    return steps


def _step(step: Status, state: StepState, events: Sequence[OrderEvent]) -> Step:
    times = [event.at for event in events if event.kind == step]
    label = {
        Status.PLACED: _("Ordered"),
        Status.PAID: _("Paid"),
        Status.SHIPPED: _("On its way"),
        Status.DELIVERED: _("At your door"),
        Status.CANCELLED: _("Cancelled"),
        Status.REFUNDED: _("Money back"),
    }[step]
    return Step(step, label, state, times[-1] if times and state == StepState.DONE else None)


def _parcel_words(status: str) -> tuple[str, str]:
    """What is told of a parcel that is late, or does not arrive."""
    headline, explanation = _PARCEL_WORDS[status]
    return str(headline), str(explanation)


def _headline(status: str, owes_money: bool, failed: OrderEvent | None, events: Sequence[OrderEvent]) -> str:
    if failed and is_rejected_address(failed):
        return _("The carrier does not accept the address.")
    if failed and is_final_failure(failed):
        return _("Something broke on our side, and a person is looking at it.")
    if owes_money:
        return _("This order is cancelled. Your money is on its way back.")
    if failed:
        return _("Not there yet. We keep trying.")
    if status == Status.PAID and _is_sent_again(events):
        return _("We are packing another parcel for you.")
    return {
        Status.PLACED: _("Your order is in. We are taking the payment."),
        Status.PAID: _("Paid. We are packing your parcel."),
        Status.SHIPPED: _("Your parcel is on its way."),
        Status.DELIVERED: _("Delivered. Enjoy!"),
        Status.PAYMENT_FAILED: _("The payment did not go through."),
        Status.CANCELLED: _("This order is cancelled."),
        Status.REFUNDED: _("This order is refunded: the money is back with you."),
    }[Status(status)]


def _is_sent_again(events: Sequence[OrderEvent]) -> bool:
    return any(event.kind == SENT_AGAIN for event in events)


def _explanation(status: str, owes_money: bool, failed: OrderEvent | None) -> str:
    if failed and is_rejected_address(failed):
        return _("Nothing was sent yet, and a person is looking at it. You can also cancel, and order anew.")
    if failed and is_final_failure(failed):
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
