"""What an order costs: its messages, and the statements and commits of each step, each with its bound."""

import uuid
from collections import Counter

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from messaging import circuit_breaker
from messaging.models import Message
from shop.capacity.service_times import ServiceTimes
from tests.delivery import claim_task, deliver, make_due
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db(transaction=True)
CHARGE, CAPTURE, SHIP, EMAIL, TRACK = (
    "payments.charge_payment",
    "payments.capture_payment",
    "shipping.create_shipment",
    "orders.send_email",
    "shipping.track_shipment",
)
MESSAGES = {CHARGE: 1, CAPTURE: 1, SHIP: 1, TRACK: 1, EMAIL: 2}


@pytest.fixture
def order(monkeypatch):
    """An order by the API, when an earlier one has made the processes warm. Returns the statements that it took."""
    monkeypatch.setattr(circuit_breaker, "LOOK_SECONDS", 3600)
    sku = ProductFactory.create().sku
    with override_settings(CONVEYOR_TRANSIT_SECONDS=0):
        place(sku)
        for task in (CHARGE, EMAIL, SHIP, CAPTURE, TRACK):
            run(task)
        Message.objects.all().delete()
        yield place(sku)


def place(sku: str) -> list[str]:
    body = {
        "email": "ann@shop.example",
        "name": "Ann",
        "address": {"line1": "Main St 1", "city": "Bern", "postcode": "3011", "country": "CH"},
        "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "lines": [{"sku": sku, "quantity": 1}],
    }
    key = {"Idempotency-Key": str(uuid.uuid4())}
    with CaptureQueriesContext(connection) as captured:
        answer = Client().post("/api/v1/orders/", body, content_type="application/json", headers=key)
    assert answer.status_code == 201, answer.content
    return [query["sql"] for query in captured]


def run(task: str) -> list[str]:
    """Deliver the one pending message of `task`, now. Returns its statements."""
    make_due(task=task)
    message = claim_task(task=task)
    with CaptureQueriesContext(connection) as captured:
        assert deliver(message) == "done"
    return [query["sql"] for query in captured][:-1]  # the last one is the test's own


def kinds(statements: list[str]) -> Counter[str]:
    return Counter(sql.split()[0] for sql in statements)


def test_a_checkout_by_the_api_reads_nothing_but_its_products(order):
    """SQLite needs a statement more, as the amount lines and the event are two."""
    assert len(order) <= (12 if connection.vendor == "sqlite" else 11), order
    assert (kinds(order)["SELECT"], kinds(order)["COMMIT"]) == (1, 1), order


@pytest.mark.usefixtures("order")
def test_each_step_has_a_bound():
    """One commit each, but for the e-mail: its claim is committed before the mail server is called.

    SQLite needs a statement more, as an order's move and its event are two. What the gateway says of a payment is
    recorded under the order's lock, which two statements take; a shipment asks whether there is money to capture,
    and the capture issues the invoice, in six.
    """
    bound = 9 if connection.vendor == "sqlite" else 8
    more = {CHARGE: 2, CAPTURE: 8, SHIP: 1}
    for task in (CHARGE, SHIP, CAPTURE, TRACK):
        statements = run(task)
        assert len(statements) <= bound + more.get(task, 0), statements
        assert kinds(statements)["COMMIT"] == 1
        if task in (CHARGE, SHIP):
            email = run(EMAIL)
            assert len(email) <= 6, email
            assert kinds(email)["SELECT"] == 1, email


@pytest.mark.usefixtures("order")
def test_an_order_that_is_delivered_took_six_messages():
    for task in (CHARGE, EMAIL, SHIP, EMAIL, CAPTURE, TRACK):
        run(task)
    assert set(Message.objects.values_list("state", flat=True)) == {"done"}
    assert Counter(Message.objects.values_list("task", flat=True)) == MESSAGES


def test_the_capacity_plan_calculates_with_these_messages():
    """Otherwise measure again: `python bench/capacity.py --write`."""
    assert {name: task.per_order for name, task in ServiceTimes.stored().tasks.items()} == MESSAGES
