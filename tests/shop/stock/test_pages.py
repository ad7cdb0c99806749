"""Stock page and low stock page: figures, permissions, form validation, double submission."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from messaging.invariants import audit
from shop.checkout.services import LineWanted
from shop.demo.seed_logins import create_logins
from shop.models import Product, StockMovement, User
from shop.office.staff import create_groups
from shop.stock.services import lock_products
from tests.delivery import deliver_due
from tests.factories import ProductFactory, client_with, place

pytestmark = pytest.mark.django_db(transaction=True)
LOW = "/admin/shop/lowstock/"


@pytest.fixture
def office() -> Client:
    return client_with("view_product", "restock_product", "correct_stock")


@pytest.fixture
def reader() -> Client:
    return client_with("view_product")


@pytest.fixture
def lamp() -> Product:
    return ProductFactory.create(sku="LAMP", name="Lamp <b>", stock=10)


def url(product: Product) -> str:
    return f"/admin/shop/product/{product.pk}/stock/"


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def stock(product: Product) -> int:
    product.refresh_from_db()
    return product.stock


def seen() -> int:
    return StockMovement.objects.latest("pk").pk


def statements(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_a_product_s_page_shows_stock_what_is_held_what_is_sold_and_why_it_moved(office, lamp):
    order = place(lines=[LineWanted("LAMP", 4)])
    page = text(office.get(url(lamp)))
    for words in (
        "Stock of Lamp &lt;b&gt;", "<dd> 6 </dd>", "Reserved for unshipped orders",
        "-4", "sale", order.number, f"?q={order.number}", "+10", "restock", "Sold in 30 days", "45 days",
        "without the 4 reserved for orders",
    ):  # fmt: skip
        assert words in page, words
    assert page.index("-4") < page.index("+10")


def test_a_page_leads_from_the_list_and_the_product_to_the_stock(lamp):
    office = client_with("view_product", "change_product")
    for address in (reverse("admin:shop_product_changelist"), reverse("admin:shop_product_change", args=[lamp.pk])):
        assert url(lamp) in text(office.get(address))


def test_goods_that_came_in_are_typed_in_once(office, lamp):
    form = {"pieces": "5", "seen": seen()}
    assert "5 pieces added to stock." in text(office.post(url(lamp), form, follow=True))
    again = office.post(url(lamp), form, follow=True)
    assert "You submitted this form twice. It was saved once." in text(again)
    assert "Nothing was changed." not in text(again)
    assert stock(lamp) == 15


@pytest.mark.parametrize("second", [{"pieces": "6"}, {"counted": "5", "reason": "x"}])
def test_another_form_of_a_stale_page_is_refused(office, lamp, second):
    page = {"seen": seen()}
    office.post(url(lamp), page | {"pieces": "5"})
    again = office.post(url(lamp), page | second)
    assert again.status_code == 400
    assert "Nothing was changed." in text(again)
    other = client_with("view_product", "restock_product").post(url(lamp), page | {"pieces": "5"})
    assert other.status_code == 400
    assert "Nothing was changed." in text(other)
    assert stock(lamp) == 15


def test_a_count_is_typed_in_with_its_reason(office, lamp):
    form = {"counted": "8", "reason": "two were <broken>", "seen": seen()}
    page = text(office.post(url(lamp), form, follow=True))
    assert "Stock corrected by -2." in page
    assert "You submitted this form twice." in text(office.post(url(lamp), form, follow=True))
    assert "two were &lt;broken&gt;" in page
    agrees = office.post(url(lamp), {"counted": "8", "reason": "again", "seen": seen()}, follow=True)
    assert "The count matches" in text(agrees)
    assert stock(lamp) == 8
    assert audit() == []


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"pieces": "0"}, "greater than or equal to 1"),
        ({"pieces": ""}, "required"),
        ({"pieces": "2.5"}, "whole number"),
        ({"counted": "-1", "reason": "x"}, "greater than or equal to 0"),
        ({"counted": "3", "reason": " "}, "required"),
        ({"counted": "1000001", "reason": "x"}, "less than or equal to 1000000"),
    ],
)
def test_a_form_that_does_not_fit_says_so_and_changes_nothing(office, lamp, form, error):
    answer = office.post(url(lamp), form | {"seen": seen()})
    assert answer.status_code == 400
    assert error in text(answer)
    assert stock(lamp) == 10


@pytest.mark.parametrize("form", [{"pieces": "5"}, {"counted": "5", "reason": "x"}])
def test_a_product_that_is_deleted_while_its_form_is_read_is_not_found(office, form, monkeypatch):
    product = ProductFactory.create(stock=0)
    path = url(product)

    def deleted(*arguments: Any, **named: Any) -> Any:
        product.delete()
        return lock_products(*arguments, **named)

    monkeypatch.setattr("shop.stock.stockroom.lock_products", deleted)
    assert office.post(path, form | {"seen": "0"}).status_code == 404


@pytest.mark.parametrize("form", [{"pieces": "5"}, {"counted": "5", "reason": "x"}])
def test_who_may_only_look_finds_no_form_and_cannot_forge_one(reader, lamp, form):
    page = text(reader.get(url(lamp)))
    assert "Add to stock" not in page
    assert "Correct stock" not in page
    assert reader.post(url(lamp), form | {"seen": seen()}).status_code == 403
    assert stock(lamp) == 10


def test_who_may_not_look_at_products_sees_neither_page(lamp):
    nobody = client_with("restock_product", "view_order")
    assert nobody.get(url(lamp)).status_code == 403
    assert nobody.get(LOW).status_code == 403
    assert "lowstock" not in text(nobody.get("/admin/"))


def test_a_product_that_is_not_there_has_no_page(office):
    assert office.get("/admin/shop/product/999999/stock/").status_code == 404


def test_the_list_shows_what_runs_low_and_restocks_several_with_a_number_each(office):
    first, second, third = (ProductFactory.create(stock=n) for n in (0, 2, 4))
    fine = ProductFactory.create(stock=60)
    page = text(office.get(LOW))
    assert page.index(first.sku) < page.index(second.sku)
    assert f"pieces-{third.pk}" in page
    assert f"pieces-{fine.pk}" not in page
    form = {f"pieces-{first.pk}": "20", f"pieces-{second.pk}": " 30 ", f"pieces-{third.pk}": "", "seen": seen()}
    assert "2 products restocked." in text(office.post(LOW, form, follow=True))
    assert (stock(first), stock(second), stock(third)) == (20, 32, 4)
    assert "You submitted this form twice." in text(office.post(LOW, form, follow=True))
    assert "Nothing was changed." in text(office.post(LOW, form | {f"pieces-{first.pk}": "21"}))
    assert (stock(first), stock(second)) == (20, 32)
    assert audit() == []


@pytest.mark.parametrize("typed", ["0", "-1", "many", "1.5", "99999999999", "²"])
def test_one_number_that_makes_no_sense_changes_nothing_and_is_kept(office, typed):
    first, second = ProductFactory.create(stock=0), ProductFactory.create(stock=1)
    page = text(office.post(LOW, {f"pieces-{first.pk}": "5", f"pieces-{second.pk}": typed, "seen": seen()}))
    assert "Nothing was changed." in page
    assert 'value="5"' in page
    assert (stock(first), stock(second)) == (0, 1)


FORGED = {"pieces-": 200, "pieces-x": 200, "pieces-²": 200, "pieces-999999": 302, f"pieces-{10**30}": 200, "other": 200}


@pytest.mark.parametrize(("name", "status"), FORGED.items())
def test_a_forged_field_changes_nothing(office, name, status):
    product = ProductFactory.create(stock=1)
    assert office.post(LOW, {name: "5", "seen": "9" * 30}).status_code == status
    assert stock(product) == 1


def test_who_may_only_look_at_the_list_cannot_restock_from_it(reader):
    product = ProductFactory.create(stock=1)
    assert "Add to stock" not in text(reader.get(LOW))
    assert reader.post(LOW, {f"pieces-{product.pk}": "5", "seen": seen()}).status_code == 403
    assert stock(product) == 1


def test_a_list_without_anything_says_so(reader):
    assert "No products are low in stock." in text(reader.get(LOW))


def test_the_list_goes_on_over_pages_and_costs_the_same_however_long_it_is(office):
    ProductFactory.create(stock=1)
    statements(office, LOW)
    short = statements(office, LOW)
    for _ in range(60):
        ProductFactory.create(stock=1)
    assert statements(office, LOW) == short <= 8
    assert "1 / 2" in text(office.get(LOW))
    assert "2 / 2" in text(office.get(LOW, {"p": 2}))


def test_a_product_s_page_costs_the_same_however_much_moved(office, lamp):
    statements(office, url(lamp))
    before = statements(office, url(lamp))
    for _ in range(8):
        place(lines=[LineWanted("LAMP", 1)])
    deliver_due()
    assert statements(office, url(lamp)) == before <= 10


def test_the_demo_s_operator_may_restock_and_support_may_look(lamp):
    create_groups()
    create_logins()
    for name, may in (("operator", True), ("support", False)):
        client = Client()
        client.force_login(User.objects.get(username=name), backend="shop.accounts.authentication.NameOrEmail")
        assert ("Add to stock" in text(client.get(url(lamp)))) is may
        assert client.get(LOW).status_code == 200
