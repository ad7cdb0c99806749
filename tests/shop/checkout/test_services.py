"""Checkout service: stock, idempotency and all-or-nothing writes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from messaging.models import Message
from orders.models import IdempotencyKey, Order, OrderLine, Status
from payments.gateways import UnknownPaymentMethod
from payments.models import Payment
from shop.checkout.idempotency import Idempotency, KeyReused, digest
from shop.checkout.services import LineWanted, Placed, checkout
from shop.models import Product, ProductText, StockMovement
from shop.stock.services import OutOfStock, UnknownProduct, restock
from tests.factories import ADDRESS, ProductFactory, UserFactory, place
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

DETAILS: dict[str, Any] = {
    "email": "ada@example.com",
    "name": "Ada Lovelace",
    "address": ADDRESS,
    "shipping_method": "standard",
    "payment_method": "pm_card_visa",
    "source": "web",
}
KEY = Idempotency(client="test", key="k1")


def order_of(sku: str, quantity: int = 1, **changes: Any) -> Placed:
    return checkout(**(DETAILS | {"lines": [LineWanted(sku, quantity)]} | changes))


def nothing_written() -> bool:
    return not (Order.objects.exists() or Payment.objects.exists() or Message.objects.exists())


def test_checkout_takes_stock_and_writes_order_payment_and_messages():
    product = ProductFactory.create(stock=5, price=300)
    user = UserFactory.create()
    placed = order_of(product.sku, 2, user=user)
    product.refresh_from_db()
    order = Order.objects.get()
    assert placed.created
    assert placed.order == order
    assert (order.status, order.subtotal, order.total, order.currency) == (Status.PLACED, 600, 600, "EUR")
    assert order.user == user
    assert product.stock == 3
    assert [(m.quantity, m.reference) for m in StockMovement.objects.filter(reason="sale")] == [(-2, order.number)]
    assert order.payments.get().amount == 600
    message = Message.objects.get()
    assert (message.task, message.subject) == ("payments.charge_payment", order.number)


def test_a_request_repeated_across_a_release_gets_its_order():
    """An earlier release knew no second address line and no state; it stored the digest of these parts."""
    product = ProductFactory.create()
    first = order_of(product.sku, idempotency=KEY).order
    address = {"line1": ADDRESS.line1, "city": ADDRESS.city, "postcode": ADDRESS.postcode, "country": ADDRESS.country}
    lines = [{"sku": product.sku, "quantity": 1, "unit_price": None}]
    known = DETAILS | {"address": address, "lines": lines, "currency": "EUR"}
    IdempotencyKey.objects.update(digest=digest(known))
    assert order_of(product.sku, idempotency=KEY).order == first
    with pytest.raises(KeyReused):
        order_of(product.sku, idempotency=KEY, address=replace(ADDRESS, line2="Floor 2"))


@pytest.mark.parametrize(("language", "name"), [("de", "Schuh"), ("en", "Shoe"), ("", "Shoe")])
def test_lines_are_named_in_the_order_s_language(language: str, name: str):
    product = ProductFactory.create(name="Shoe")
    ProductText.objects.create(product=product, language="de", name="Schuh", tagline="Für den Fuß")
    with translation.override("de"):
        order = order_of(product.sku, language=language).order
    assert [line.name for line in order.lines.all()] == [name]


def test_an_order_remembers_the_language_it_was_placed_in(settings: Any):
    sku = ProductFactory.create().sku
    assert order_of(sku).order.language == settings.LANGUAGE_CODE
    first = order_of(sku, language="de", idempotency=KEY)
    assert Order.objects.get(pk=first.order.pk).language == "de"
    assert order_of(sku, language="fr", idempotency=KEY).order == first.order


def test_express_costs_extra_and_has_high_priority():
    order = place(shipping_method="express")
    assert (order.shipping_price, order.total) == (990, 2 * 1250 + 990)
    charge = Message.objects.get(task="payments.charge_payment")
    assert (charge.routing_key, charge.priority) == ("payment.charge.high", 9)


def test_an_import_keeps_its_price_without_shipping_or_email_at_low_priority():
    product = ProductFactory.create(is_listed=False, currency="GBP", price=1)
    lines = [LineWanted(product.sku, 3, unit_price=255)]
    order = place(lines=lines, source="import", shipping_method="express", currency="GBP")
    assert (order.total, order.currency, order.shipping_price) == (765, "GBP", 0)
    assert [m.routing_key for m in Message.objects.all()] == ["payment.charge.low"]


def test_a_repeated_sku_is_taken_at_once_and_keeps_both_lines():
    product = ProductFactory.create(stock=5)
    order = place(lines=[LineWanted(product.sku, 2), LineWanted(product.sku, 3)])
    product.refresh_from_db()
    assert product.stock == 0
    assert [line.quantity for line in order.lines.all()] == [2, 3]
    assert StockMovement.objects.get(reason="sale").quantity == -5


def test_lines_of_one_sku_cannot_exceed_stock_together():
    product = ProductFactory.create(stock=4)
    with pytest.raises(OutOfStock) as refusal:
        place(lines=[LineWanted(product.sku, 2), LineWanted(product.sku, 3)])
    assert (refusal.value.sku, refusal.value.wanted, refusal.value.left) == (product.sku, 5, 4)


def test_one_line_out_of_stock_writes_nothing():
    first, second = ProductFactory.create(stock=5), ProductFactory.create(stock=1)
    with pytest.raises(OutOfStock) as refusal:
        place(lines=[LineWanted(first.sku, 1), LineWanted(second.sku, 2)])
    first.refresh_from_db()
    assert refusal.value.sku == second.sku
    assert first.stock == 5
    assert nothing_written()


@pytest.mark.parametrize("quantity", [10**9, 10**30])
def test_a_huge_quantity_is_out_of_stock(quantity: int):
    product = ProductFactory.create(stock=5)
    with pytest.raises(OutOfStock):
        order_of(product.sku, quantity)
    assert nothing_written()


@pytest.mark.parametrize("product", [{"is_listed": False}, {"currency": "GBP"}])
def test_a_product_not_for_sale_is_unknown(product: dict[str, Any]):
    with pytest.raises(UnknownProduct):
        order_of(ProductFactory.create(**product).sku)
    with pytest.raises(UnknownProduct):
        order_of("NO-SUCH-SKU")
    assert nothing_written()


def test_an_unknown_payment_method_is_refused():
    product = ProductFactory.create()
    with pytest.raises(UnknownPaymentMethod):
        order_of(product.sku, payment_method="pm_gold")
    assert nothing_written()


def test_scripted_payment_methods_are_refused_outside_the_demo(settings: Any):
    settings.CONVEYOR_DEMO = False
    product = ProductFactory.create()
    with pytest.raises(UnknownPaymentMethod):
        order_of(product.sku, payment_method="pm_flaky_2")
    assert order_of(product.sku, payment_method="pm_card_visa").created


@pytest.mark.parametrize(("quantity", "unit_price"), [(0, None), (-1, None), (1, -5)])
def test_a_line_needs_a_positive_quantity_and_no_negative_price(quantity: int, unit_price: int | None):
    with pytest.raises(ValueError, match="a quantity of at least 1"):
        LineWanted("A", quantity, unit_price)


def test_an_order_without_lines_is_refused():
    with pytest.raises(ValueError, match="at least one line"):
        checkout(**DETAILS, lines=[])


def test_the_same_key_and_request_give_the_same_order():
    product = ProductFactory.create(stock=1)
    first = order_of(product.sku, idempotency=KEY)
    again = order_of(product.sku, idempotency=KEY)
    assert (first.created, again.created) == (True, False)
    assert first.order == again.order
    assert Order.objects.count() == Payment.objects.count() == 1


def test_a_repeated_request_gets_its_order_even_when_sold_out():
    product = ProductFactory.create()
    first = order_of(product.sku, idempotency=KEY)
    Product.objects.update(is_listed=False)
    assert order_of(product.sku, idempotency=KEY).order == first.order


@pytest.mark.parametrize(
    "change", [{"email": "eve@example.com"}, {"lines": [LineWanted("A", 2)]}, {"payment_method": "pm_outage"}]
)
def test_the_same_key_with_another_request_is_refused(change: dict[str, Any]):
    ProductFactory.create(sku="A")
    order_of("A", idempotency=KEY)
    with pytest.raises(KeyReused):
        order_of("A", **({"idempotency": KEY} | change))
    assert Order.objects.count() == 1


def test_two_clients_may_choose_the_same_key():
    product = ProductFactory.create()
    assert order_of(product.sku, idempotency=KEY).created
    assert order_of(product.sku, idempotency=Idempotency(client="other", key=KEY.key)).created


def test_concurrent_requests_with_one_key_place_one_order():
    product = ProductFactory.create(stock=1)
    placed = in_threads(8, lambda: order_of(product.sku, idempotency=KEY))
    assert len({p.order.pk for p in placed}) == 1
    assert sum(p.created for p in placed) == 1
    assert Order.objects.count() == IdempotencyKey.objects.count() == 1


def test_concurrent_requests_with_one_key_and_different_bodies_place_one_order():
    product = ProductFactory.create(stock=50)
    works = [partial(order_of, product.sku, quantity, idempotency=KEY) for quantity in (1, 2) * 4]
    refused = at_once(*works, refusals=(KeyReused,))
    product.refresh_from_db()
    assert 50 - product.stock == OrderLine.objects.get(order=Order.objects.get()).quantity
    assert sum(error is None for error in refused) == 4


def test_two_hundred_concurrent_checkouts_sell_exactly_fifty_in_stock():
    product = ProductFactory.create(stock=50)

    def buy() -> bool:
        try:
            return order_of(product.sku).created
        except OutOfStock:
            return False

    bought = in_threads(200, buy)
    product.refresh_from_db()
    assert sum(bought) == 50
    assert product.stock == 0
    assert OrderLine.objects.count() == 50


def test_opposite_line_orders_do_not_deadlock():
    skus = [ProductFactory.create(stock=100).sku for _ in range(3)]

    def buy(turn: int) -> bool:
        wanted = skus if turn % 2 else skus[::-1]
        return checkout(**DETAILS, lines=[LineWanted(sku, 1) for sku in wanted]).created

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(closing(buy), range(40)))


@pytest.mark.parametrize("lines", [1, 3, 700])
def test_a_checkout_needs_at_most_twelve_statements(lines: int):
    products = ProductFactory.create_batch(min(lines, 40))
    wanted = [LineWanted(products[n % len(products)].sku, 1 + n % 2) for n in range(lines)]
    with CaptureQueriesContext(connection) as captured:
        checkout(**DETAILS, lines=wanted, idempotency=KEY)
    assert len(captured) <= 12, [query["sql"][:90] for query in captured]


def test_a_shoppers_checkout_by_the_api_needs_at_most_twelve_statements():
    """The account is locked, so that it is not closed meanwhile. SQLite takes two statements for the stock."""
    wanted, user = [LineWanted(ProductFactory.create().sku, 1)], UserFactory.create()
    with CaptureQueriesContext(connection) as captured:
        checkout(**DETAILS, user=user, lines=wanted, idempotency=KEY)
    assert len(captured) <= 12 + (connection.vendor == "sqlite"), [query["sql"][:90] for query in captured]


def test_a_checkout_of_many_products_needs_at_most_twelve_statements():
    products = ProductFactory.build_batch(600, stock=0)
    type(products[0]).objects.bulk_create(products)
    restock(quantities={product.pk: 5 for product in products})
    wanted = [LineWanted(product.sku, 1 + n % 5) for n, product in enumerate(products)]
    with CaptureQueriesContext(connection) as captured:
        checkout(**DETAILS, lines=wanted, idempotency=KEY)
    assert len(captured) <= 12, [query["sql"][:90] for query in captured]


def in_threads(count: int, work: Any) -> list[Any]:
    with ThreadPoolExecutor(min(count, 16)) as pool:
        return list(pool.map(closing(lambda _: work()), range(count)))


def closing(work: Any) -> Any:
    """Wraps work to close its thread's database connection, which would otherwise outlive the test."""

    def run(turn: int) -> Any:
        try:
            return work(turn)
        finally:
            connections.close_all()

    return run
