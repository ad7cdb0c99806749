"""Basket pages: add, change, remove, and notes about changed prices and stock."""

import pytest

from shop.basket.services import MAX_QUANTITY
from shop.models import GuestBasket, Product
from tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def lamp():
    return ProductFactory.create(name="Lamp", price=1000, stock=20, category=CategoryFactory.create())


def text(response) -> str:
    return response.content.decode()


def held(client) -> dict[str, int]:
    row = GuestBasket.objects.filter(pk=client.session.get("basket_key")).first()
    return {sku: quantity for sku, quantity, _price in row.lines} if row else {}


def test_adding_twice_adds_up(client, lamp):
    assert client.post("/basket/add/", {"sku": lamp.sku}).url == "/basket/"
    client.post("/basket/add/", {"sku": lamp.sku, "quantity": 2})
    assert held(client) == {lamp.sku: 3}
    assert "€30.00" in text(client.get("/basket/"))


def test_a_line_is_changed_and_removed_without_javascript(client, lamp):
    client.post("/basket/add/", {"sku": lamp.sku})
    assert "€50.00" in text(client.post("/basket/change/", {"sku": lamp.sku, "quantity": 5}, follow=True))
    assert "Your basket is empty" in text(client.post("/basket/remove/", {"sku": lamp.sku}, follow=True))
    assert held(client) == {}


def test_htmx_gets_only_the_changed_parts(client, lamp):
    added = text(client.post("/basket/add/", {"sku": lamp.sku}, **HTMX))
    assert "<html" not in added
    assert 'id="basket-link"' in added
    assert "Lamp is in your basket." in added
    changed = text(client.post("/basket/change/", {"sku": lamp.sku, "quantity": 4}, **HTMX))
    assert "<html" not in changed
    assert "€40.00" in changed


@pytest.mark.parametrize("quantity", ["0", "-1", "100", "1e3", "abc", "9" * 400, "1.5"])
def test_an_invalid_quantity_changes_nothing(client, lamp, quantity):
    client.post("/basket/add/", {"sku": lamp.sku})
    answer = client.post("/basket/change/", {"sku": lamp.sku, "quantity": quantity}, follow=True)
    assert f"from 1 to {MAX_QUANTITY}" in text(answer)
    assert held(client) == {lamp.sku: 1}


@pytest.mark.parametrize("sku", ["no-such", "<b>", "é" * 10])
def test_an_unknown_product_is_not_found(client, sku):
    assert client.post("/basket/add/", {"sku": sku}).status_code == 404


@pytest.mark.parametrize("sku", ["", "\x00", "x" * 500])
def test_an_invalid_sku_changes_nothing(client, sku):
    assert client.post("/basket/add/", {"sku": sku}).status_code == 302
    assert client.post("/basket/remove/", {"sku": sku}).status_code == 302
    assert held(client) == {}


def test_quantities_are_capped_by_stock(client, lamp):
    answer = client.post("/basket/add/", {"sku": lamp.sku, "quantity": 50}, follow=True)
    assert "Only 20 of Lamp left in stock." in text(answer)
    assert held(client) == {lamp.sku: 20}


def test_quantities_are_capped_by_the_limit(client):
    many = ProductFactory.create(stock=500, category=CategoryFactory.create())
    client.post("/basket/add/", {"sku": many.sku, "quantity": 60})
    client.post("/basket/add/", {"sku": many.sku, "quantity": 60})
    assert held(client) == {many.sku: MAX_QUANTITY}


def test_a_changed_price_is_pointed_out(client, lamp):
    client.post("/basket/add/", {"sku": lamp.sku})
    Product.objects.filter(pk=lamp.pk).update(price=1200)
    assert "The price changed from €10.00 to €12.00" in text(client.get("/basket/"))


def test_too_little_stock_blocks_checkout(client, lamp):
    client.post("/basket/add/", {"sku": lamp.sku, "quantity": 5})
    Product.objects.filter(pk=lamp.pk).update(stock=2)
    page = text(client.get("/basket/"))
    assert "Only 2 left" in page
    assert "Go to checkout" not in page
    assert client.get("/checkout/").url == "/basket/"


def test_products_no_longer_sold_leave_the_basket(client, lamp):
    client.post("/basket/add/", {"sku": lamp.sku})
    Product.objects.filter(pk=lamp.pk).update(is_listed=False)
    assert "no longer sold" in text(client.get("/basket/"))
    assert held(client) == {}


def test_products_of_another_currency_leave_the_basket(client, lamp, settings):
    """Checkout does not sell them: it would say that they have just sold out, and the basket that they are there."""
    client.post("/basket/add/", {"sku": lamp.sku, "quantity": 2})
    settings.SHOP_CURRENCY = "JPY"
    assert client.post("/basket/add/", {"sku": lamp.sku, "quantity": 1}).status_code == 404
    assert "no longer sold" in text(client.get("/basket/"))
    assert held(client) == {}


@pytest.mark.parametrize("path", ["/basket/add/", "/basket/change/", "/basket/remove/"])
def test_a_get_changes_nothing(client, path):
    assert client.get(path).status_code == 405


def test_a_removed_line_can_be_put_back_once(client, lamp):
    client.post("/basket/add/", {"sku": lamp.sku, "quantity": 3})
    page = text(client.post("/basket/remove/", {"sku": lamp.sku}, follow=True))
    assert "3 × Lamp removed from your basket." in page
    assert "Put it back" not in text(client.get("/basket/"))
    client.post("/basket/change/", {"sku": lamp.sku, "quantity": 3})
    assert held(client) == {lamp.sku: 3}


def test_removing_an_absent_line_offers_nothing_to_put_back(client, lamp):
    assert "Put it back" not in text(client.post("/basket/remove/", {"sku": lamp.sku}, follow=True))


def test_the_basket_lasts_two_months(client, lamp):
    client.post("/basket/add/", {"sku": lamp.sku})
    assert client.cookies["sessionid"]["max-age"] == 60 * 24 * 60 * 60
