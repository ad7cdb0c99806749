"""Order timeline: the text of each event, and whether the order needs attention."""

from typing import Any

import pytest
from django.contrib.admin import site

from messaging.payloads import registered_payloads
from orders.admin import EventInline
from orders.models import Order, OrderEvent, Status
from orders.timeline import describe, entries_for_shoppers, needs_attention
from payments.payloads import ChargePayment, RefundPayment
from shipping.payloads import CreateShipment

RETRY = {"step": "payment", "attempt": 2, "of": 5, "retry_at": "2026-03-01T14:02:10+00:00"}
CHARGE = RETRY | {"task": "payments.charge_payment"}
DEAD_CHARGE = CHARGE | {"retry_at": None}
BOOKING = RETRY | {"task": "shipping.create_shipment", "step": "shipment"}
SIDE_WORK = RETRY | {"task": "orders.send_email", "step": "notification", "retry_at": None}


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        ("placed", {}, "Order placed"),
        ("paid", {}, "Payment approved"),
        ("payment_failed", {"reason": "card_declined"}, "The bank declined the card. You can pay with another one"),
        ("payment_failed", {}, "The payment failed. You can pay with another method"),
        ("reopened", {}, "Paying with another method"),
        ("shipped", {"carrier": "Swiftpost", "tracking_number": "SP1"}, "Handed to Swiftpost, tracking number SP1"),
        ("shipped", {}, "Shipped"),
        ("delivered", {}, "Delivered"),
        ("cancelled", {"reason": "unpaid"}, "Cancelled because it was not paid in time"),
        ("cancelled", {"reason": "staff"}, "Cancelled by the shop"),
        ("cancelled", {"reason": "customer"}, "Cancelled"),
        ("refunded", {}, "Refunded"),
        ("attempt_failed", RETRY, "The bank did not answer; retrying at 14:02 UTC (attempt 3 of 5)"),
        (
            "attempt_failed",
            RETRY | {"step": "shipment"},
            "The carrier did not answer; retrying at 14:02 UTC (attempt 3 of 5)",
        ),
        (
            "attempt_failed",
            RETRY | {"error_type": "WorkerLost"},
            "Processing was interrupted; retrying at 14:02 UTC (attempt 3 of 5)",
        ),
        ("refund_started", {}, "Refund started"),
        ("attempt_failed", RETRY | {"step": "x"}, "This step failed; retrying at 14:02 UTC (attempt 3 of 5)"),
        ("attempt_failed", RETRY | {"retry_at": None}, "Waiting for our team to look into it"),
        ("attempt_failed", RETRY | {"step": "notification", "retry_at": None}, "An e-mail could not be sent"),
        ("something_new", {}, "Something new"),
    ],
)
def test_an_event_has_a_text(kind: str, data: dict[str, Any], text: str):
    assert describe(OrderEvent(kind=kind, data=data)) == text


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([], False),
        ([CHARGE], False),
        ([DEAD_CHARGE], True),
        ([SIDE_WORK], False),
        ([DEAD_CHARGE, SIDE_WORK], True),
        ([DEAD_CHARGE, CHARGE], False),
    ],
)
def test_only_a_finally_failed_step_needs_attention(later: list[dict[str, Any]], expected: bool):
    events = [OrderEvent(kind="placed"), *(OrderEvent(kind="attempt_failed", data=data) for data in later)]
    assert needs_attention(events) is expected
    assert not needs_attention([*events, OrderEvent(kind="paid")])


def history(*pairs: tuple[str, dict[str, Any]]) -> list[tuple[str, bool]]:
    events = [OrderEvent(kind=kind, data=data) for kind, data in pairs]
    return [(entry.text, entry.is_resolved) for entry in entries_for_shoppers(events)]


def test_failures_of_side_work_are_not_shown():
    shown = history(("shipped", {}), ("attempt_failed", SIDE_WORK), ("replayed", SIDE_WORK), ("deferred", SIDE_WORK))
    assert shown == [("Shipped", False)]


def test_a_failure_is_resolved_once_its_step_is_done():
    waiting = [("placed", {}), ("attempt_failed", CHARGE), ("deferred", CHARGE), ("attempt_failed", DEAD_CHARGE)]
    assert not any(is_resolved for _, is_resolved in history(*waiting, ("replayed", CHARGE)))
    assert history(*waiting, ("paid", {}))[1:] == [
        ("The bank did not answer. This has been resolved", True),
        ("This step failed. This has been resolved", True),
        ("Payment approved", False),
    ]


def test_a_rejected_address_is_told_as_resolved_once_the_parcel_is_booked():
    rejected = BOOKING | {"error_type": "shipping.carriers.base.AddressRejected", "retry_at": None}
    shown = history(("attempt_failed", rejected), ("address_changed", {}), ("replayed", BOOKING), ("shipped", {}))
    assert shown[0] == ("The carrier rejected the address. This has been resolved", True)


@pytest.mark.parametrize("kind", ["dispute_opened", "address_changed", "partly_refunded", "parcel_found"])
def test_a_step_is_not_resolved_by_an_event_of_another_one(kind: str):
    data = {"amount": 100, "currency": "GBP"}
    events = [OrderEvent(kind="attempt_failed", data=BOOKING | {"retry_at": None}), OrderEvent(kind=kind, data=data)]
    assert needs_attention(events)
    assert [entry.is_resolved for entry in entries_for_shoppers(events)] == [False, False]


def test_steps_are_resolved_by_events_that_the_timeline_knows():
    shown = [payload for payload in registered_payloads().values() if payload.shown_until]
    assert {ChargePayment, RefundPayment, CreateShipment} <= set(shown)
    data = {"amount": 100, "currency": "GBP"}
    for kind in {kind for payload in shown for kind in payload.shown_until} - set(Status.values):
        assert describe(OrderEvent(kind=kind, data=data)) != kind.replace("_", " ").capitalize(), kind


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        ("attempt_failed", SIDE_WORK, "orders.send_email: An e-mail could not be sent"),
        ("replayed", {"task": "orders.send_email"}, "orders.send_email: Our team has retried this step"),
        ("placed", {}, "Order placed"),
    ],
)
def test_staff_see_which_task_a_failure_in_the_history_is_of(kind, data, text):
    inline: Any = EventInline(Order, site)
    assert inline.text(OrderEvent(kind=kind, data=data)) == text
