"""Does a timeline say in plain words what happened?"""

from typing import Any

import pytest

from messaging.topology import Priority
from orders.models import Order, OrderEvent
from orders.selectors import describe, priority, waits_for_a_person

RETRY = {"step": "payment", "attempt": 2, "of": 5, "retry_at": "2026-03-01T14:02:10+00:00"}


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        ("placed", {}, "Order placed"),
        ("paid", {}, "Card charged"),
        ("payment_failed", {"reason": "card_declined"}, "The bank declined the card. You can pay with another one"),
        ("payment_failed", {}, "The payment failed. You can pay with another card"),
        ("reopened", {}, "Paying again with another method"),
        ("shipped", {"carrier": "Swiftpost", "tracking_number": "SP1"}, "Handed to Swiftpost, tracking number SP1"),
        ("shipped", {}, "Shipped"),
        ("delivered", {}, "Delivered"),
        ("cancelled", {"reason": "unpaid"}, "Cancelled, because it was not paid in time"),
        ("cancelled", {"reason": "staff"}, "Cancelled by the shop"),
        ("cancelled", {"reason": "customer"}, "Cancelled"),
        ("refunded", {}, "Your money is back"),
        ("attempt_failed", RETRY, "The bank did not answer, trying again at 14:02 (try 3 of 5)"),
        (
            "attempt_failed",
            RETRY | {"step": "shipment"},
            "The carrier did not answer, trying again at 14:02 (try 3 of 5)",
        ),
        (
            "attempt_failed",
            RETRY | {"error_type": "WorkerLost"},
            "The work on it was interrupted, trying again at 14:02 (try 3 of 5)",
        ),
        ("refund_started", {}, "Your money is on its way back"),
        ("attempt_failed", RETRY | {"step": "x"}, "That did not work, trying again at 14:02 (try 3 of 5)"),
        ("attempt_failed", RETRY | {"retry_at": None}, "Waiting for a person to look at it"),
        ("attempt_failed", RETRY | {"step": "notification", "retry_at": None}, "An e-mail could not be sent"),
        ("something_new", {}, "Something new"),
    ],
)
def test_an_event_is_told_in_plain_words(kind: str, data: dict[str, Any], text: str):
    assert describe(OrderEvent(kind=kind, data=data)) == text


@pytest.mark.parametrize(
    ("source", "shipping_method", "expected"),
    [
        ("web", "standard", Priority.NORMAL),
        ("api", "express", Priority.HIGH),
        ("import", "express", Priority.LOW),
        ("import", "standard", Priority.LOW),
    ],
)
def test_express_is_urgent_and_imports_can_wait(source: str, shipping_method: str, expected: Priority):
    assert priority(Order(source=source, shipping_method=shipping_method)) == expected


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([], False),
        ([RETRY], False),
        ([RETRY | {"retry_at": None}], True),
        ([RETRY | {"step": "notification", "retry_at": None}], False),
        ([RETRY | {"retry_at": None}, RETRY | {"step": "notification", "retry_at": None}], True),
        ([RETRY | {"retry_at": None}, RETRY], False),
    ],
)
def test_only_a_step_that_failed_for_good_waits_for_a_person(later: list[dict[str, Any]], expected: bool):
    events = [OrderEvent(kind="placed"), *(OrderEvent(kind="attempt_failed", data=data) for data in later)]
    assert waits_for_a_person(events) is expected
    assert not waits_for_a_person([*events, OrderEvent(kind="paid")])
