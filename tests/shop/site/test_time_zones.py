"""Times in the visitor's time zone."""

import pytest

from orders.models import OrderEvent
from tests.factories import place

pytestmark = pytest.mark.django_db
NOON = "2026-03-02T12:00:00+00:00"


@pytest.fixture
def order():
    order = place()
    OrderEvent.objects.filter(order=order).update(at=NOON)
    data = {
        "task": "payments.charge_payment",
        "step": "payment",
        "attempt": 1,
        "of": 5,
        "retry_at": "2026-03-02T14:02:00+00:00",
    }
    OrderEvent.objects.create(order=order, kind="attempt_failed", data=data)
    return order


@pytest.mark.parametrize(
    ("zone", "noon", "retry", "name"),
    [
        ("Europe/Berlin", "Mon, Mar 2, 13:00", "15:02", "CET"),
        ("Asia/Kolkata", "Mon, Mar 2, 17:30", "19:32", "IST"),
        ("", "Mon, Mar 2, 12:00", "14:02", "UTC"),
        ("Nowhere/Land", "Mon, Mar 2, 12:00", "14:02", "UTC"),
        ("../../etc/passwd", "Mon, Mar 2, 12:00", "14:02", "UTC"),
        ("\x00", "Mon, Mar 2, 12:00", "14:02", "UTC"),
        ("x" * 5000, "Mon, Mar 2, 12:00", "14:02", "UTC"),
    ],
)
def test_times_use_the_browsers_zone(client, order, zone, noon, retry, name):
    client.cookies["timezone"] = zone
    page = client.get(f"/orders/{order.public_id}/").content.decode()
    assert f">{noon}</time>" in page
    assert f"retrying at {retry} {name} (attempt 2 of 5)" in page
    assert f"Times in {name}" in page


def test_another_zone_changes_the_version(client, order):
    live = f"/orders/{order.public_id}/live/"
    first = client.get(live)["ETag"]
    client.cookies["timezone"] = "Europe/Berlin"
    assert client.get(live)["ETag"] != first


def test_the_api_uses_utc(client, order):
    client.cookies["timezone"] = "Europe/Berlin"
    answer = client.get(f"/api/v1/orders/{order.public_id}/").json()
    assert answer["timeline"][0]["at"] == "2026-03-02T12:00:00Z"
