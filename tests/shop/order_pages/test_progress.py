"""Order progress: steps, headline and explanation for every status."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orders.models import OrderEvent
from shop.order_pages.progress import order_progress

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RETRY = (
    "attempt_failed",
    {
        "task": "payments.charge_payment",
        "step": "payment",
        "attempt": 1,
        "of": 5,
        "retry_at": "2026-03-02T14:02:00+00:00",
    },
)
CARRIER = ("attempt_failed", RETRY[1] | {"task": "shipping.create_shipment", "step": "shipment"})
REFUND = ("attempt_failed", RETRY[1] | {"task": "payments.refund_payment"})
SIDE_WORK = ("attempt_failed", RETRY[1] | {"task": "orders.send_email", "step": "notification", "retry_at": None})
DOWN = ("deferred", {"task": "payments.charge_payment", "step": "payment", "circuit": "gateway.simulated"})
DEAD = ("attempt_failed", RETRY[1] | {"retry_at": None})


def events(*kinds: Any) -> list[OrderEvent]:
    pairs = [kind if isinstance(kind, tuple) else (kind, {}) for kind in kinds]
    return [OrderEvent(kind=kind, data=data, at=NOON + timedelta(minutes=n)) for n, (kind, data) in enumerate(pairs)]


def steps(status: str, payment_status: str | None, *kinds: Any) -> str:
    progress = order_progress(status=status, payment_status=payment_status, events=events(*kinds))
    return " ".join(f"{step.key}:{step.state}" for step in progress.steps)


@pytest.mark.parametrize(
    ("status", "payment", "kinds", "expected"),
    [
        ("placed", "pending", ["placed"], "placed:done paid:now shipped:ahead delivered:ahead"),
        ("placed", "pending", ["placed", RETRY], "placed:done paid:trouble shipped:ahead delivered:ahead"),
        ("placed", "pending", ["placed", RETRY, DOWN], "placed:done paid:trouble shipped:ahead delivered:ahead"),
        ("placed", "pending", ["placed", DEAD], "placed:done paid:trouble shipped:ahead delivered:ahead"),
        (
            "placed",
            "pending",
            ["placed", DEAD, ("replayed", DEAD[1])],
            "placed:done paid:now shipped:ahead delivered:ahead",
        ),
        (
            "action_required",
            "action_required",
            ["placed", "action_required"],
            "placed:done paid:now shipped:ahead delivered:ahead",
        ),
        (
            "payment_failed",
            "failed",
            ["placed", "payment_failed"],
            "placed:done paid:failed shipped:ahead delivered:ahead",
        ),
        ("paid", "captured", ["placed", "paid"], "placed:done paid:done shipped:now delivered:ahead"),
        ("paid", "captured", ["placed", "paid", CARRIER], "placed:done paid:done shipped:trouble delivered:ahead"),
        ("shipped", "captured", ["placed", "paid", "shipped"], "placed:done paid:done shipped:done delivered:now"),
        (
            "delivered",
            "captured",
            ["placed", "paid", "shipped", "delivered"],
            "placed:done paid:done shipped:done delivered:done",
        ),
        ("cancelled", "cancelled", ["placed", "cancelled"], "placed:done cancelled:done"),
        (
            "cancelled",
            "captured",
            ["placed", "paid", "cancelled", "refund_started"],
            "placed:done paid:done cancelled:done refunded:now",
        ),
        (
            "cancelled",
            "captured",
            ["placed", "paid", "cancelled", "refund_started", REFUND],
            "placed:done paid:done cancelled:done refunded:trouble",
        ),
        (
            "refunded",
            "refunded",
            ["placed", "paid", "cancelled", "refund_started", "refunded"],
            "placed:done paid:done cancelled:done refunded:done",
        ),
        (
            "refunded",
            "refunded",
            ["placed", "paid", "shipped", "refund_started", "refunded"],
            "placed:done paid:done shipped:done refunded:done",
        ),
    ],
)
def test_steps_follow_the_order(status, payment, kinds, expected):
    assert steps(status, payment, *kinds) == expected


def test_a_step_shows_when_it_was_last_reached():
    progress = order_progress(
        status="paid",
        payment_status="captured",
        events=events("placed", "payment_failed", "reopened", "paid"),
    )
    assert [step.at for step in progress.steps] == [NOON, NOON + timedelta(minutes=3), None, None]


@pytest.mark.parametrize(("parcel", "note"), [("delayed", "delayed"), ("lost", "lost"), ("returned", "returned")])
def test_a_parcel_in_trouble_is_named_as_what_it_is(parcel, note):
    progress = order_progress(status="shipped", payment_status="captured", events=[], parcel_status=parcel)
    assert [step.note for step in progress.steps] == ["", "", "", note]


def test_a_failed_payment_is_said_once():
    progress = order_progress(status="payment_failed", payment_status="failed", events=events("placed"))
    assert [(step.label, step.note) for step in progress.steps[:2]] == [("Ordered", ""), ("Payment failed", "")]


@pytest.mark.parametrize(
    ("status", "payment", "kinds", "headline", "explanation"),
    [
        (
            "placed",
            "pending",
            ["placed", RETRY],
            "We are trying again",
            "The bank did not answer; retrying at 14:02",
        ),
        ("placed", "pending", ["placed", DEAD], "Our team is looking into it", "There is nothing you need to do"),
        (
            "paid",
            "captured",
            ["paid", CARRIER],
            "We are trying again",
            "The carrier did not answer; retrying at 14:02",
        ),
        ("cancelled", "captured", ["cancelled"], "Your refund is on its way", "asked your bank"),
        ("cancelled", "captured", ["cancelled", REFUND], "Your refund is on its way", "The bank did not answer"),
        ("cancelled", "cancelled", ["cancelled"], "This order is cancelled.", "You owe nothing. If your bank"),
        ("cancelled", "failed", ["cancelled"], "This order is cancelled.", "You have not been charged."),
        ("delivered", "captured", ["delivered"], "Delivered. Enjoy!", "Thank you"),
        ("shipped", "captured", ["shipped", SIDE_WORK], "Your parcel is on its way", "is with the carrier"),
    ],
)
def test_headline_and_explanation_match_the_events(status, payment, kinds, headline, explanation):
    progress = order_progress(status=status, payment_status=payment, events=events(*kinds))
    assert headline in progress.headline
    assert explanation in progress.explanation
