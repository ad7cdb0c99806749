"""Order endpoints: placing, reading, paying, cancelling, validation, idempotency."""

from typing import Any

import pytest

from messaging.models import Message
from orders.models import IdempotencyKey, Order, Status
from orders.services import mark_paid, mark_payment_failed
from shop.models import Product
from tests.api.client import get, order_body, post, problem, token_of
from tests.factories import ProductFactory, place

pytestmark = pytest.mark.django_db(transaction=True)

FIELDS = {
    "number", "public_id", "status", "total", "tax", "lines", "shipping_method", "timeline", "payment", "shipment",
    "invoice", "credit_notes", "returns", "return_until", "links",
}  # fmt: skip


def nothing_written() -> bool:
    return not (Order.objects.exists() or Message.objects.exists() or IdempotencyKey.objects.exists())


def test_an_order_is_placed_and_returned_in_the_documented_shape():
    ProductFactory(sku="LAMP", name="Lamp", price=1250, stock=5)
    response = post("/orders/", order_body("LAMP", 2))
    order = response.json()
    assert response.status_code == 201
    assert set(order) == FIELDS
    assert order["status"] == "placed"
    assert order["total"] == {"amount": 2500, "currency": "EUR", "display": "€25.00"}
    assert order["lines"] == [
        {
            "sku": "LAMP",
            "name": "Lamp",
            "quantity": 2,
            "unit_price": {"amount": 1250, "currency": "EUR", "display": "€12.50"},
            "total": {"amount": 2500, "currency": "EUR", "display": "€25.00"},
        }
    ]
    assert [entry["event"] for entry in order["timeline"]] == ["placed"]
    assert set(order["timeline"][0]) == {"at", "event", "text"}
    assert order["payment"] == {"status": "pending", "attempts": 0, "action_url": None}
    assert order["shipment"] is None
    assert order["links"] == {
        "self": f"http://testserver/api/v1/orders/{order['public_id']}/",
        "track": f"http://testserver/orders/{order['public_id']}/",
    }
    assert response.headers["Location"] == order["links"]["self"]
    assert get(f"/orders/{order['public_id']}/").json() == order
    assert Product.objects.get().stock == 3


def tax_to(country: str, postcode: str, **fields: Any) -> Any:
    sku = ProductFactory.create(price=1190).sku
    address = {"line1": "1 Main Street", "city": "Town", "postcode": postcode, "country": country}
    placed = post("/orders/", order_body(sku, address=address, **fields)).json()
    assert get(f"/orders/{placed['public_id']}/").json()["tax"] == placed["tax"]
    return placed["tax"]


def test_the_tax_of_the_destination_is_part_of_the_answer():
    assert tax_to("DE", "10115") == {"amount": 190, "currency": "EUR", "display": "€1.90"}
    assert tax_to("DE", "10115", shipping_method="express")["amount"] == 348
    assert tax_to("CH", "3011") == {"amount": 0, "currency": "EUR", "display": "€0.00"}


def test_the_tax_of_an_order_of_an_older_release_is_null():
    order = place()
    order.amount_lines.update(rate=None)
    assert get(f"/orders/{order.public_id}/").json()["tax"] is None


def test_express_costs_its_price():
    ProductFactory(sku="LAMP", price=1000)
    order = post("/orders/", order_body("LAMP", shipping_method="express")).json()
    assert (order["shipping_method"], order["total"]["amount"]) == ("express", 1990)


def test_a_signed_in_shopper_owns_the_order():
    ProductFactory(sku="LAMP")
    post("/orders/", order_body("LAMP"), token=token_of(is_staff=False, username="shopper"))
    assert Order.objects.get(user__username="shopper")


def test_repeating_key_and_body_returns_the_same_order():
    ProductFactory(sku="LAMP", stock=1)
    first, second = (post("/orders/", order_body("LAMP"), key="k-1") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert Order.objects.count() == 1


def test_a_repeated_request_gets_its_order_although_its_method_is_no_longer_offered(settings):
    ProductFactory(sku="LAMP")
    body = order_body("LAMP", payment_method="pm_flaky_2")
    first = post("/orders/", body, key="k-1")
    settings.CONVEYOR_DEMO = False
    second = post("/orders/", body, key="k-1")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["number"] == second.json()["number"]


def test_reusing_a_key_with_another_body_is_rejected():
    ProductFactory(sku="LAMP")
    post("/orders/", order_body("LAMP"), key="k-1")
    document = problem(post("/orders/", order_body("LAMP", 2), key="k-1"), 422)
    assert "Idempotency-Key" in document["errors"]
    assert Order.objects.count() == 1


def test_each_user_has_a_separate_key_space():
    ProductFactory(sku="LAMP")
    numbers = {
        post("/orders/", order_body("LAMP"), key="1", token=token_of(is_staff=False)).json()["number"] for _ in "ab"
    }
    numbers.add(post("/orders/", order_body("LAMP"), key="1").json()["number"])
    assert len(numbers) == 3


@pytest.mark.parametrize("key", ["", "x" * 201, "tab\there"])
def test_an_invalid_key_is_rejected(key):
    ProductFactory(sku="LAMP")
    assert "Idempotency-Key" in problem(post("/orders/", order_body("LAMP"), key=key), 400)["errors"]
    assert nothing_written()


def test_an_unknown_sku_is_named_with_its_line():
    ProductFactory(sku="LAMP")
    lines = [{"sku": "LAMP", "quantity": 1}, {"sku": "NO-SUCH", "quantity": 1}]
    document = problem(post("/orders/", order_body("LAMP", lines=lines)), 400)
    assert list(document["errors"]) == ["lines.1.sku"]
    assert "NO-SUCH" in document["errors"]["lines.1.sku"][0]
    assert nothing_written()


def test_unlisted_products_cannot_be_bought():
    ProductFactory(sku="HIDDEN", is_listed=False)
    assert list(problem(post("/orders/", order_body("HIDDEN")), 400)["errors"]) == ["lines.0.sku"]
    assert nothing_written()


def test_insufficient_stock_is_a_conflict_that_names_the_sku():
    ProductFactory(sku="LAMP", stock=1)
    document = problem(post("/orders/", order_body("LAMP", 2)), 409)
    assert "LAMP" in document["detail"]
    assert list(document["errors"]) == ["lines.0.quantity"]
    assert nothing_written()
    assert Product.objects.get().stock == 1


def changed(path: str, value: Any) -> dict[str, Any]:
    """A valid body except for one field; `...` removes it."""
    body = order_body("LAMP")
    *way, last = path.split(".")
    place_: Any = body
    for step in way:
        place_ = place_[int(step)] if step.isdecimal() else place_[step]
    place_[last] = value
    if value is ...:
        del place_[last]
    return body


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("email", "not an address"), ("email", ...), ("email", None), ("email", 5), ("email", f"{'a' * 250}@b.example"),
        ("email", "ada@example.com\nBcc: all@example.com"), ("email", "a\x00@example.com"),
        ("name", ""), ("name", " "), ("name", 7), ("name", True), ("name", "x" * 101), ("name", "a\x00b"),
        ("name", "two\nlines"), ("name", "\ud800"),
        ("address", "Bern"), ("address", None), ("address", ...), ("address", []),
        ("address.line1", ...), ("address.city", ""), ("address.postcode", "x" * 21), ("address.line3", "extra"),
        ("address.country", "CHE"), ("address.country", "C"), ("address.country", "C1"), ("address.country", "C\nH"),
        ("address.country", 41), ("address.country", ["C", "H"]), ("address.country", "AQ"),
        ("shipping_method", "pigeon"), ("shipping_method", ...), ("shipping_method", {}), ("shipping_method", True),
        ("payment_method", "pm_unknown"), ("payment_method", ""), ("payment_method", ["pm_card_visa"]),
        ("lines", []), ("lines", {}), ("lines", "LAMP"), ("lines", ...), ("lines", [5]),
        ("lines", [{"sku": "LAMP", "quantity": 1}] * 1001),
        ("lines.0.sku", 5), ("lines.0.sku", ""), ("lines.0.sku", "x" * 41), ("lines.0.sku", "L\x00"),
        ("lines.0.quantity", 0), ("lines.0.quantity", -1), ("lines.0.quantity", 1000), ("lines.0.quantity", 10**30),
        ("lines.0.quantity", "2"), ("lines.0.quantity", 2.0), ("lines.0.quantity", 1.5), ("lines.0.quantity", True),
        ("lines.0.quantity", None), ("lines.0.quantity", ...), ("lines.0.price", 1),
        ("total", 1), ("currency", "USD"), ("source", "import"),
    ],
)  # fmt: skip
def test_an_invalid_field_is_named_and_nothing_is_written(path, value):
    ProductFactory(sku="LAMP")
    document = problem(post("/orders/", changed(path, value)), 400)
    first = path.split(".")[0]
    assert document["errors"]
    assert all(field.startswith(first) for field in document["errors"])
    assert path.rpartition(".")[2] in " ".join(document["errors"]) or value == [5]
    assert nothing_written()


def test_all_invalid_fields_are_reported_at_once():
    body = order_body("LAMP", 0, email="x") | {"name": ""}
    assert {"email", "name", "lines.0.quantity"} <= set(problem(post("/orders/", body), 400)["errors"])


def test_each_request_gets_its_errors_in_its_own_language():
    found = [
        problem(post("/orders/", order_body("LAMP", 0), language=language), 400)["errors"]
        for language in ("de", "en", "de")
    ]
    assert found[0] == found[2]
    assert not set(found[0]["lines.0.quantity"]) & set(found[1]["lines.0.quantity"])


@pytest.mark.parametrize("body", [[], "text", 5, None, [order_body("LAMP")]])
def test_a_body_that_is_not_an_object_is_rejected(body):
    problem(post("/orders/", body if body is not None else "null"), 400)
    assert nothing_written()


def test_a_lower_case_country_is_accepted():
    ProductFactory(sku="LAMP")
    post("/orders/", changed("address.country", "ch"))
    assert Order.objects.get().country == "CH"


def test_test_payment_methods_are_rejected_outside_demo_mode(settings):
    settings.CONVEYOR_DEMO = False
    ProductFactory(sku="LAMP")
    assert "payment_method" in problem(post("/orders/", order_body("LAMP", payment_method="pm_bug")), 400)["errors"]
    assert post("/orders/", order_body("LAMP")).status_code == 201


@pytest.mark.parametrize("path", ["/orders/no-such-order/", "/orders/x/"])
def test_an_unknown_order_is_not_found(path):
    order = place()
    messages = Message.objects.count()
    answers = [get(path), post(f"{path}cancel/"), post(f"{path}pay/", {"payment_method": "pm_card_visa"})]
    assert {problem(answer, 404)["type"] for answer in answers} == {"urn:conveyor:problem:not-found"}
    assert (Order.objects.get().status, order.payments.count(), Message.objects.count()) == ("placed", 1, messages)


def test_an_order_is_cancelled_once():
    order = place()
    shown = post(f"/orders/{order.public_id}/cancel/")
    assert (shown.status_code, shown.json()["status"]) == (200, "cancelled")
    document = problem(post(f"/orders/{order.public_id}/cancel/"), 409)
    assert document["type"].endswith("illegal-transition")


def test_a_failed_payment_is_retried_with_another_card():
    order = place()
    order.payments.update(status="failed")
    mark_payment_failed(order=order, reason="card_declined")
    shown = post(f"/orders/{order.public_id}/pay/", {"payment_method": "pm_card_visa"})
    assert (shown.status_code, shown.json()["status"]) == (200, "placed")


def test_paying_again_for_a_sold_out_product_is_a_conflict():
    order = place()
    order.payments.update(status="failed")
    mark_payment_failed(order=order, reason="card_declined")
    sku = order.lines.get().sku
    stock = Product.objects.get(sku=sku).stock
    post("/orders/", order_body(sku, stock))
    assert sku in problem(post(f"/orders/{order.public_id}/pay/", {"payment_method": "pm_card_visa"}), 409)["detail"]
    order.refresh_from_db()
    assert order.status == Status.PAYMENT_FAILED


def test_paying_a_paid_order_is_a_conflict():
    order = place()
    mark_paid(order=order)
    problem(post(f"/orders/{order.public_id}/pay/", {"payment_method": "pm_card_visa"}), 409)
    assert order.payments.count() == 1


@pytest.mark.parametrize("body", [{}, {"payment_method": "pm_none"}, {"payment_method": 5}])
def test_paying_with_an_unknown_method_names_the_field(body):
    order = place()
    assert "payment_method" in problem(post(f"/orders/{order.public_id}/pay/", body), 400)["errors"]
