"""Progress of an order: steps done and ahead, a headline and an explanation."""

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

#: How long a bank may take to settle a SEPA direct debit.
PROCESSING_DAYS = 5
_DELIVERY_STEPS = (Status.PLACED, Status.PAID, Status.SHIPPED, Status.DELIVERED)

_UNDER_REVIEW = gettext_lazy(
    "Our team is looking into it: we will send another parcel or refund you. There is nothing you need to do."
)
_PARCEL_MESSAGES: "dict[str, tuple[StrPromise, StrPromise]]" = {
    ShipmentStatus.DELAYED: (
        gettext_lazy("Your parcel is delayed."),
        gettext_lazy("It is still on its way. We are keeping an eye on it and will post carrier updates here."),
    ),
    ShipmentStatus.LOST: (
        gettext_lazy("The carrier has lost your parcel."),
        _UNDER_REVIEW,
    ),
    ShipmentStatus.RETURNED: (
        gettext_lazy("Your parcel was returned to us."),
        _UNDER_REVIEW,
    ),
}


class StepState(StrEnum):
    """`trouble`: a retry is scheduled, or an operator has to act. `failed`: the shopper has to pay again."""

    DONE = "done"
    NOW = "now"
    TROUBLE = "trouble"
    FAILED = "failed"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an order. `at` is when it was reached; `note` is said of one that was not."""

    key: str
    label: str
    state: StepState
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class OrderProgress:
    steps: tuple[Step, ...]
    headline: str
    explanation: str


def order_progress(
    *, status: str, payment_status: str | None, events: Sequence[OrderEvent], parcel_status: str | None = None
) -> OrderProgress:
    """The order's progress.

    `events` come oldest first; `payment_status` is that of the latest payment, `parcel_status` that of the current
    parcel.
    """
    is_kept = status == Status.CANCELLED and payment_status == PaymentStatus.CAPTURED
    owes_money = is_kept and not any(event.data.get("reason") == "dispute" for event in events)
    failed = current_problem(events)
    if status == Status.SHIPPED and parcel_status in _PARCEL_MESSAGES:
        steps = _delivery_steps(status, events, StepState.TROUBLE, note=str(ShipmentStatus(parcel_status).label))
        headline, explanation = _parcel_messages(parcel_status)
        return OrderProgress(tuple(steps), headline, explanation)
    if status in (Status.CANCELLED, Status.REFUNDED):
        steps = _cancellation_steps(status, events, owes_money, StepState.TROUBLE if failed else StepState.NOW)
    else:
        steps = _delivery_steps(status, events, StepState.TROUBLE if failed else StepState.NOW)
    return OrderProgress(
        steps=tuple(steps),
        headline=_headline(status, owes_money, failed, events),
        explanation=_explanation(status, payment_status, owes_money, failed),
    )


def _delivery_steps(status: str, events: Sequence[OrderEvent], present: StepState, note: str = "") -> list[Step]:
    done = _DELIVERY_STEPS.index(Status(status)) if status in _DELIVERY_STEPS else 0
    steps = [_step(step, StepState.DONE, events) for step in _DELIVERY_STEPS[: done + 1]]
    for step in _DELIVERY_STEPS[done + 1 :]:
        is_next = len(steps) == done + 1
        if is_next and status == Status.ACTION_REQUIRED and present == StepState.NOW:
            steps.append(Step(step, _("Confirm with your bank"), StepState.NOW, note=_note(StepState.NOW)))
        elif is_next and status == Status.PAYMENT_FAILED:
            steps.append(Step(step, _("Payment failed"), StepState.FAILED))
        else:
            steps.append(_step(step, present if is_next else StepState.AHEAD, events, note if is_next else ""))
    return steps


def _cancellation_steps(status: str, events: Sequence[OrderEvent], owes_money: bool, present: StepState) -> list[Step]:
    """Only the steps that were reached, plus the refund if one is due or done."""
    reached = {event.kind for event in events}
    steps = [_step(step, StepState.DONE, events) for step in (*_DELIVERY_STEPS, Status.CANCELLED) if step in reached]
    if status == Status.REFUNDED or owes_money:
        steps.append(_step(Status.REFUNDED, present if owes_money else StepState.DONE, events))
    return steps


def _note(state: StepState) -> str:
    """None of a failed step: its label says so."""
    return {StepState.NOW: _("next"), StepState.TROUBLE: _("delayed")}.get(state, "")


def _step(step: Status, state: StepState, events: Sequence[OrderEvent], note: str = "") -> Step:
    times = [event.at for event in events if event.kind == step]
    label = {
        Status.PLACED: _("Ordered"),
        Status.PAID: _("Paid"),
        Status.SHIPPED: _("On its way"),
        Status.DELIVERED: _("Delivered"),
        Status.CANCELLED: _("Cancelled"),
        Status.REFUNDED: _("Refunded"),
    }[step]
    at = times[-1] if times and state == StepState.DONE else None
    return Step(step, label, state, at, note or _note(state))


def _parcel_messages(status: str) -> tuple[str, str]:
    """Headline and explanation for a parcel that is late or did not arrive."""
    headline, explanation = _PARCEL_MESSAGES[status]
    return str(headline), str(explanation)


def _headline(status: str, owes_money: bool, failed: OrderEvent | None, events: Sequence[OrderEvent]) -> str:
    if failed and is_rejected_address(failed):
        return _("The carrier cannot deliver to your address.")
    if failed and is_final_failure(failed):
        return _("Something went wrong on our side. Our team is looking into it.")
    if owes_money:
        return _("This order is cancelled. Your refund is on its way.")
    if failed:
        return _("Not there yet. We are trying again.")
    if status == Status.PAID and _is_reshipped(events):
        return _("We are packing a new parcel for you.")
    return {
        Status.PLACED: _("We have your order and are processing your payment."),
        Status.ACTION_REQUIRED: _("Please confirm the payment with your bank."),
        Status.PROCESSING: _("Your bank is processing the payment."),
        Status.PAID: _("Payment approved. We are packing your parcel."),
        Status.SHIPPED: _("Your parcel is on its way."),
        Status.DELIVERED: _("Delivered. Enjoy!"),
        Status.PAYMENT_FAILED: _("The payment did not go through."),
        Status.CANCELLED: _("This order is cancelled."),
        Status.REFUNDED: _("This order has been refunded."),
    }[Status(status)]


def _is_reshipped(events: Sequence[OrderEvent]) -> bool:
    return any(event.kind == SENT_AGAIN for event in events)


def _explanation(status: str, payment_status: str | None, owes_money: bool, failed: OrderEvent | None) -> str:
    if failed and is_rejected_address(failed):
        return _("Nothing has shipped yet, and our team is looking into it. You can also cancel and place a new order.")
    if failed and is_final_failure(failed):
        return _("Your order is safe and will carry on from here. There is nothing you need to do.")
    if failed:
        return f"{describe(failed)}."
    if owes_money:
        return _("We have asked your bank to refund the full amount.")
    if status == Status.CANCELLED:
        return _cancelled_payment(payment_status)
    return {
        Status.PLACED: _("We are waiting for your bank. This takes a moment."),
        Status.ACTION_REQUIRED: _(
            "We are waiting for you to confirm with your bank. If you have just done so, this page will update shortly."
        ),
        Status.PROCESSING: _("This takes up to %(days)s working days. We pack your parcel once it is done.")
        % {"days": PROCESSING_DAYS},
        Status.PAID: _("We are preparing your items and booking the carrier."),
        Status.SHIPPED: _("It has left our warehouse and is with the carrier."),
        Status.DELIVERED: _("Thank you for shopping with us."),
        Status.PAYMENT_FAILED: _("You have not been charged. Pay with another method, or let the order expire."),
        Status.REFUNDED: _("It may take your bank a few days to show it."),
    }[Status(status)]


def _cancelled_payment(payment_status: str | None) -> str:
    """What became of the money of a cancelled order that is owed none."""
    if payment_status == PaymentStatus.CAPTURED:
        return _("Your bank has returned your payment for this order, so we have cancelled it.")
    if payment_status == PaymentStatus.CANCELLED:
        return _("You owe nothing. If your bank has reserved the amount, it is released automatically.")
    return _("You have not been charged.")
