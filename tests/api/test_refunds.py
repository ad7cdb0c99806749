"""Refund endpoint: permissions, limits, idempotency."""

from typing import Any

import pytest

from orders.models import Order, Status
from payments.models import GatewayRefund, Refund
from tests.api.client import post, problem, token_of
from tests.delivery import deliver_all
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
BODY = {"amount": 700, "reason": "came late"}


@pytest.fixture
def order() -> Order:
    placed = place()
    deliver_all()
    return placed


def ask(order: Order, body: Any = None, *, token: str | None = None, key: str | None = None) -> Any:
    held = token_of("refund_payment") if token is None else token
    return post(f"/orders/{order.public_id}/refunds/", BODY if body is None else body, token=held, key=key)


def test_a_partial_refund_appears_on_the_order(order):
    shown = ask(order)
    assert shown.status_code == 200
    assert shown.json()["timeline"][-1]["text"] == "Refund of €7.00 started"
    deliver_all()
    assert GatewayRefund.objects.get().amount == 700


def test_a_repeated_key_is_one_refund_and_another_amount_is_rejected(order):
    token = token_of("refund_payment")
    assert [ask(order, token=token, key="k1").status_code for _ in range(2)] == [200, 200]
    assert Refund.objects.count() == 1
    assert "Idempotency-Key" in problem(ask(order, BODY | {"amount": 1}, token=token, key="k1"), 422)["errors"]


def test_an_empty_key_is_rejected_rather_than_ignored(order):
    assert "Idempotency-Key" in problem(ask(order, key=""), 400)["errors"]
    assert not Refund.objects.exists()


def test_more_than_the_refundable_amount_is_rejected(order):
    document = problem(ask(order, BODY | {"amount": order.total + 1}), 409)
    assert "is left" in document["detail"]
    assert not Refund.objects.exists()


@pytest.mark.parametrize(("body", "field"), [({"amount": 0, "reason": "x"}, "amount"), ({"amount": 5}, "reason")])
def test_an_invalid_field_is_named(order, body, field):
    assert field in problem(ask(order, body), 400)["errors"]


def test_other_users_are_rejected(order):
    problem(ask(order, token=""), 401)
    problem(ask(order, token=token_of("view_payment")), 403)
    problem(ask(order, token=token_of("refund_payment", is_staff=False)), 403)
    order.refresh_from_db()
    assert (order.status, Refund.objects.count()) == (Status.DELIVERED, 0)
