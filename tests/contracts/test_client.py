"""A typed client of the API buys, pays again, and reads a failed task.

openapi-python-client generates it from the OpenAPI document for each run; it is never committed.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import httpx
import pytest
from django.contrib.auth.hashers import make_password

from config.wsgi import application
from tests.api.client import dead, order_body
from tests.contracts import documents
from tests.delivery import deliver_due
from tests.factories import ProductFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
PACKAGE = "conveyor_client"
Call = Callable[..., Any]


@pytest.fixture(scope="session")
def generated(tmp_path_factory) -> str:
    """The folder with the generated package. A warning means that the generator left something out."""
    folder = tmp_path_factory.mktemp("client")
    document, config = folder / "openapi.json", folder / "config.yaml"
    document.write_text(json.dumps(documents.api()))
    config.write_text("post_hooks: []\n")  # which would format and lint it
    options = ["--path", document, "--output-path", folder / PACKAGE, "--config", config, "--meta", "none"]
    command = [sys.executable, "-m", "openapi_python_client", "generate", *options, "--fail-on-warning"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(folder)


@pytest.fixture
def call(generated, monkeypatch) -> Call:
    """Calls an operation, such as `orders.orders_place`, of the shop in this process; with `token` as its owner."""
    monkeypatch.syspath_prepend(generated)
    client = import_module(PACKAGE)

    def run(operation: str, *path: Any, token: str = "", **arguments: Any) -> Any:
        options = {
            "base_url": "http://localhost",
            "httpx_args": {"transport": httpx.WSGITransport(app=application)},
            "raise_on_unexpected_status": True,
        }
        caller = (
            client.AuthenticatedClient(token=token, prefix="Token", **options) if token else client.Client(**options)
        )
        with caller:
            return import_module(f"{PACKAGE}.api.{operation}").sync(*path, client=caller, **arguments)

    return run


def model(name: str) -> Any:
    return getattr(import_module(f"{PACKAGE}.models"), name)


def order_in(**changes: Any) -> Any:
    return model("OrderIn").from_dict(order_body(ProductFactory.create(price=1990).sku, quantity=2, **changes))


def test_the_client_buys_what_it_finds(call):
    sku = ProductFactory.create(price=1990).sku
    (found,) = call("products.products_list").results
    assert (found.sku, found.price.amount) == (sku, 1990)
    placed = call("orders.orders_place", body=model("OrderIn").from_dict(order_body(found.sku, quantity=2)))
    assert isinstance(placed, model("Order"))
    assert (placed.status, placed.lines[0].quantity, placed.shipment) == ("placed", 2, None)
    deliver_due()
    order = call("orders.orders_read", placed.public_id)
    assert (order.status, order.payment.status) == (model("OrderStatusEnum").SHIPPED, "captured")
    assert [entry.event for entry in order.timeline] == ["placed", "paid", "shipped"]
    assert order.timeline[0].at.tzinfo is not None
    assert order.shipment.tracking_number


def test_the_client_pays_again_after_a_declined_card(call):
    placed = call("orders.orders_place", body=order_in(payment_method="pm_card_declined"))
    deliver_due()
    assert call("orders.orders_read", placed.public_id).status == "payment_failed"
    again = model("PayIn")(payment_method="pm_card_visa")
    assert call("orders.orders_pay", placed.public_id, body=again).status == "placed"
    deliver_due()
    assert call("orders.orders_read", placed.public_id).status == "shipped"


def test_the_same_key_places_one_order(call):
    body = order_in()
    first, second = (call("orders.orders_place", body=body, idempotency_key="key-1") for _ in range(2))
    assert first.number == second.number


def test_a_refusal_is_a_typed_problem(call):
    body = order_in()
    body.lines[0].sku = "NOTHING"
    problem = call("orders.orders_place", body=body)
    assert isinstance(problem, model("Problem"))
    assert (problem.status, list(problem.errors.additional_properties)) == (400, ["lines.0.sku"])


def test_the_client_signs_in_and_reads_a_failed_task(call):
    user = UserFactory.create(is_staff=True, is_superuser=True, password=make_password("a-long-password"))
    credentials = model("Credentials")(username=user.username, password="a-long-password")
    token = call("auth.tokens_create", body=credentials).token
    message = dead()
    (task,) = call("failed_tasks.failed_tasks_list", token=token).results
    assert (task.id, task.state, task.error.type_) == (message.pk, "dead", "GatewayUnavailable")
    assert call("failed_tasks.failed_tasks_read", message.pk, token=token).attempts == 3
    assert call("failed_tasks.failed_tasks_list").status == 401
