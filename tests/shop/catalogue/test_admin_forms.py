"""The admin's forms of products and categories: prices as people type them, and colours."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from shop.models import Category, Product
from tests.factories import CategoryFactory, ProductFactory, client_with

pytestmark = pytest.mark.django_db
_INLINES = {"texts-TOTAL_FORMS": "0", "texts-INITIAL_FORMS": "0"}


@pytest.fixture
def staff() -> Client:
    return client_with("view_product", "change_product", "view_category", "add_category", "change_category")


def save(client: Client, product: Product, **changes: str) -> Any:
    fields = {
        "sku": product.sku,
        "slug": product.slug,
        "name": product.name,
        "price": "1",
        "currency": "EUR",
        "reorder_level": "5",
        "position": "0",
        "tax_class": "standard",
        **_INLINES,
    }
    response = client.post(reverse("admin:shop_product_change", args=[product.pk]), fields | changes)
    product.refresh_from_db()
    return response


@pytest.mark.parametrize(
    ("price", "currency", "amount"), [("12,50", "EUR", 1250), ("12.50", "EUR", 1250), ("1250", "jpy", 1250)]
)
def test_a_price_is_typed_in_whole_units(staff, price, currency, amount):
    product = ProductFactory.create()
    assert save(staff, product, price=price, currency=currency).status_code == 302
    assert (product.price, product.currency) == (amount, currency.upper())


@pytest.mark.parametrize(("language", "shown"), [("en", "12.50"), ("de", "12,50")])
def test_the_form_shows_the_price_as_it_is_typed(staff, language, shown):
    product = ProductFactory.create(price=1250)
    url = reverse("admin:shop_product_change", args=[product.pk])
    page = staff.get(url, headers={"accept-language": language}).content.decode()
    assert f'name="price" value="{shown}"' in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"price": "12.505"}, "EUR has 2 decimal places"),
        ({"price": "12.50", "currency": "JPY"}, "JPY has no decimal places"),
        ({"price": "much"}, "Enter an amount such as 19.90"),
        ({"price": "-1"}, "Enter an amount such as 19.90"),
        ({"price": "1000000"}, "Enter at most €999,999.99"),
        ({"price": "0,00", "is_listed": "on"}, "Enter a price above 0, or do not list the product."),
        ({"price": "12.50", "currency": "XQX"}, "Unknown currency"),
        ({"price": "12.50", "currency": "USD", "is_listed": "on"}, "The shop sells in EUR only."),
        (
            {"currency": "JPY", "price": "1250", "is_listed": "on"},
            "The shop sells in EUR only. Enter a price in EUR, or",
        ),
    ],
)
def test_an_error_says_what_to_type_and_changes_nothing(staff, changes, sentence):
    product = ProductFactory.create(price=1250)
    page = save(staff, product, **changes).content.decode()
    assert sentence in page
    assert "must be an integer" not in page
    assert product.price == 1250


def save_category(client: Client, category: Category, **changes: str) -> Any:
    fields = {"name": category.name, "slug": category.slug, "position": "0", **_INLINES}
    response = client.post(reverse("admin:shop_category_change", args=[category.pk]), fields | changes)
    category.refresh_from_db()
    return response


@pytest.mark.parametrize(
    ("chosen", "colour"),
    [
        ({"palette": "rose"}, "rose"),
        ({"palette": ""}, ""),
        ({"palette": "own", "own": "#3A23B8"}, "#3a23b8"),
        ({"palette": "rose", "own": "#3a23b8"}, "rose"),
    ],
)
def test_a_category_gets_a_colour(staff, chosen, colour):
    category = CategoryFactory.create(colour="blue")
    assert save_category(staff, category, **chosen).status_code == 302
    assert category.colour == colour
    page = staff.get(reverse("admin:shop_category_changelist")).content.decode()
    assert "<rect" in page
    assert 'style="' not in page


@pytest.mark.parametrize("own", ["", "red", "#12", "<b>"])
def test_another_colour_has_to_be_one(staff, own):
    category = CategoryFactory.create(colour="blue")
    assert "such as #3a23b8" in save_category(staff, category, palette="own", own=own).content.decode()
    assert category.colour == "blue"


def test_the_form_shows_the_colour(staff):
    category = CategoryFactory.create(colour="#3a23b8")
    page = staff.get(reverse("admin:shop_category_change", args=[category.pk])).content.decode()
    assert 'value="#3a23b8"' in page
