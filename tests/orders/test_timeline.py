"""Order timeline: the text of each event, and whether the order needs attention."""

from typing import Any

import pytest

from orders.models import OrderEvent
from orders.timeline import describe, needs_attention

RETRY = {"step": "payment", "attempt": 2, "of": 5, "retry_at": "2026-03-01T14:02:10+00:00"}


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        ("placed", {}, "Order placed"),
        ("paid", {}, "Card charged"),
        ("payment_failed", {"reason": "card_declined"}, "The bank declined the card. You can pay with another one"),
        ("payment_failed", {}, "The payment failed. You can pay with another card"),
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
        ([RETRY], False),
        ([RETRY | {"retry_at": None}], True),
        ([RETRY | {"step": "notification", "retry_at": None}], False),
        ([RETRY | {"retry_at": None}, RETRY | {"step": "notification", "retry_at": None}], True),
        ([RETRY | {"retry_at": None}, RETRY], False),
    ],
)
def test_only_a_finally_failed_step_needs_attention(later: list[dict[str, Any]], expected: bool):
    events = [OrderEvent(kind="placed"), *(OrderEvent(kind="attempt_failed", data=data) for data in later)]
    assert needs_attention(events) is expected
    assert not needs_attention([*events, OrderEvent(kind="paid")])
