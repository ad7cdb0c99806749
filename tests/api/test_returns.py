"""Return endpoints: request and list returns, idempotency, and what is refused."""

from typing import Any

import pytest

from orders.models import Order
from shop.models import Return
from tests.api.client import get, post, problem
from tests.delivery import deliver_all
from tests.factories import place
from tests.shop.returns.returned import delivered

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order() -> Order:
    return delivered()


def body(order: Order, *pieces: int, **changes: Any) -> dict[str, Any]:
    lines = [{"sku": line.sku, "quantity": n} for line, n in zip(order.lines.all(), pieces, strict=False)]
    return {"lines": lines, "reason": "damaged"} | changes


def ask(order: Order, sent: Any, *, key: str | None = None) -> Any:
    return post(f"/orders/{order.public_id}/returns/", sent, key=key)


def test_a_return_is_requested_and_shown(order):
    response = ask(order, body(order, 1, comment="The handle is broken."))
    assert response.status_code == 201
    found = Return.objects.get()
    assert response.json()["id"] == str(found.pk)
    assert response.json()["lines"] == [
        {"sku": order.lines.first().sku, "name": order.lines.first().name, "quantity": 1}
    ]
    assert response.json()["label_url"] is None
    deliver_all()
    [shown] = get(f"/orders/{order.public_id}/returns/").json()["results"]
    assert shown["status"] == "requested"
    assert shown["tracking_number"].startswith("SP")
    assert shown["label_url"].endswith(f"/orders/{order.public_id}/returns/{found.pk}/label.pdf")
    assert get(f"/orders/{order.public_id}/").json()["returns"] == [shown]
    assert found.comment == "The handle is broken."


def test_a_repeated_key_is_one_return_and_another_request_is_rejected(order):
    first, second = (ask(order, body(order, 2), key="k1") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert "Idempotency-Key" in problem(ask(order, body(order, 1), key="k1"), 422)["errors"]
    assert "Idempotency-Key" in problem(ask(order, body(order, 2, reason="other"), key="k1"), 422)["errors"]
    assert Return.objects.count() == 1


def test_more_than_was_bought_is_refused(order):
    assert problem(ask(order, body(order, 3)), 409)["type"].endswith("too-many-pieces")
    ask(order, body(order, 2))
    assert "0 can" in problem(ask(order, body(order, 1)), 409)["detail"]


def test_an_undelivered_order_is_refused():
    placed = place()
    assert problem(ask(placed, body(placed, 1)), 409)["type"].endswith("not-returnable")
    shown = get(f"/orders/{placed.public_id}/").json()
    assert (shown["returns"], shown["return_until"]) == ([], None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": "because"}, "reason"),
        ({"lines": []}, "lines"),
        ({"lines": [{"sku": "NONE", "quantity": 1}]}, "lines.0.sku"),
        ({"lines": [{"sku": "NONE", "quantity": 0}]}, "lines.0.quantity"),
        ({"comment": "x" * 1001}, "comment"),
        ({"comment": "a\x00b"}, "comment"),
        ({"extra": 1}, "extra"),
    ],
)
def test_an_invalid_field_is_named(order, changes, field):
    assert field in problem(ask(order, body(order, 1, **changes)), 400)["errors"]


def test_an_unknown_order_has_no_returns():
    problem(get("/orders/unknown/returns/"), 404)
    problem(post("/orders/unknown/returns/", {}), 404)


def test_requests_are_limited(order, settings):
    settings.CONVEYOR_LIMITS = 0.1
    assert ask(order, body(order, 1), key="k").status_code == 201
    problem(ask(order, body(order, 1)), 429)
    assert ask(order, body(order, 1), key="k").status_code == 200
