"""Amounts of an order by destination and day, and what checkout freezes of them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from orders.models import Order
from orders.values import Address
from shop.checkout.services import LineWanted
from shop.models import Product
from shop.tax.selectors import amounts_of, tax_day
from tests.factories import ProductFactory, place

pytestmark = pytest.mark.django_db


def rates_to(country: str, postcode: str = "", on: date = date(2026, 6, 1)) -> list[Any]:
    amounts = amounts_of(
        goods=[("standard", 1000), ("reduced", 500)], delivery=0, country=country, postcode=postcode, on=on
    )
    return [amount.rate for amount in amounts if amount.kind == "goods"]


def to(country: str, postcode: str, **changes: Any) -> Order:
    return place(address=Address("1 Main Street", "Town", postcode, country), **changes)


def frozen(order: Order) -> list[tuple[Any, ...]]:
    return list(order.amount_lines.values_list("kind", "rate", "amount", "is_included"))


def test_rates_are_those_of_the_destination():
    assert rates_to("DE") == [1900, 700]
    assert rates_to("GB", "BT1 5GS") == [2000, 500]
    assert rates_to("GB", "N1 1AA") == [0]
    assert rates_to("DK") == [2500]


def test_a_seller_may_tax_all_of_the_eu_at_home(settings):
    settings.SHOP_TAX_COUNTRY = "AT"
    assert rates_to("DE") == [2000, 1000]
    assert rates_to("CH") == [0]


def test_a_day_before_the_table_leaves_the_tax_undetermined():
    assert rates_to("DE", on=date(2011, 5, 1)) == [None]
    assert rates_to("US", on=date(2011, 5, 1)) == [0]


def test_a_country_that_is_not_known_leaves_the_tax_undetermined():
    assert rates_to("ZZ") == [None]


def test_the_day_is_that_of_the_shop(settings):
    late = datetime(2025, 6, 30, 22, 30, tzinfo=UTC)
    assert tax_day(late) == date(2025, 6, 30)
    settings.TIME_ZONE = "Europe/Tallinn"
    assert tax_day(late) == date(2025, 7, 1)


def test_checkout_freezes_the_rates_of_its_day():
    lamp, book = ProductFactory.create(price=1190), ProductFactory.create(price=535)
    Product.objects.filter(pk=book.pk).update(tax_class="reduced")
    order = to("DE", "10115", lines=[LineWanted(lamp.sku, 2), LineWanted(book.sku, 2)], shipping_method="express")
    assert frozen(order) == [
        ("goods", 1900, 2380, False),
        ("goods", 700, 1070, False),
        ("delivery", 1900, 683, False),
        ("delivery", 700, 307, False),
        ("tax", 1900, 489, True),
        ("tax", 700, 90, True),
    ]
    assert order.total == 2380 + 1070 + 990
    assert list(order.lines.values_list("sku", "tax_rate")) == [(lamp.sku, 1900), (book.sku, 700)]


@pytest.mark.parametrize(("country", "rate"), [("CH", 0), ("ZZ", None)])
def test_a_line_is_exempt_or_its_rate_not_determined(country, rate):
    order = to(country, "3011", source="import")
    assert [line.tax_rate for line in order.lines.all()] == [rate]


def test_an_import_has_the_rates_of_the_day_of_sale():
    order = to("FI", "00100", source="import", currency="GBP", sold_at=datetime(2024, 8, 31, 12, tzinfo=UTC))
    assert {line.rate for line in order.amount_lines.all()} == {2400}
    assert {line.rate for line in to("FI", "00100", source="import").amount_lines.all()} == {2550}


def test_a_later_change_of_a_product_changes_no_order():
    order = to("DE", "10115")
    before = frozen(order)
    Product.objects.update(tax_class="reduced", price=1)
    assert frozen(order) == before
