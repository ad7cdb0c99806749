"""Product endpoints: list, filters, search, sorting, detail."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.client import get, problem
from tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db


def test_a_product_has_the_documented_fields():
    category = CategoryFactory(slug="home")
    ProductFactory(sku="LAMP-1", name="Lamp", price=1990, stock=4, category=category, image="shop/lamp.webp")
    assert get("/products/LAMP-1/").json() == {
        "sku": "LAMP-1",
        "name": "Lamp",
        "slug": "lamp-1",
        "price": {"amount": 1990, "currency": "EUR", "display": "€19.90"},
        "stock": 4,
        "category": "home",
        "image": "http://testserver/static/shop/lamp.webp",
    }


def test_a_missing_category_or_image_is_null():
    ProductFactory(sku="BARE")
    product = get("/products/BARE/").json()
    assert product["category"] is None
    assert product["image"] is None


def test_the_list_is_paginated():
    for _ in range(25):
        ProductFactory(stock=0)
    first = get("/products/").json()
    assert (first["count"], len(first["results"]), first["previous"]) == (25, 24, None)
    assert first["next"] == "http://testserver/api/v1/products/?page=2"
    second = get("/products/?page=2").json()
    assert (len(second["results"]), second["next"]) == (1, None)


@pytest.mark.parametrize("page", ["0", "-1", "9", "x", "99999999999999999999999"])
def test_an_unknown_page_is_not_found(page):
    problem(get(f"/products/?page={page}"), 404)


def test_search_matches_every_word_in_any_field():
    ProductFactory(sku="A", name="Desk lamp", tagline="bright and warm")
    ProductFactory(sku="B", name="Desk")
    assert [p["sku"] for p in get("/products/?search=WARM%20lamp").json()["results"]] == ["A"]


def test_a_category_filter_shows_its_products():
    ProductFactory(sku="A", category=CategoryFactory(slug="home"))
    ProductFactory(sku="B")
    assert [p["sku"] for p in get("/products/?category=home").json()["results"]] == ["A"]
    assert get("/products/?category=none").json()["count"] == 0


@pytest.mark.parametrize("search", ["", "lamp"])
@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("price_from=200", {"B", "C"}),
        ("price_to=200", {"A", "B"}),
        ("price_from=200&price_to=200", {"B"}),
        ("in_stock=true", {"A", "C"}),
        ("in_stock=false", {"A", "B", "C"}),
    ],
)
def test_filters_apply_with_and_without_a_search(search, query, skus):
    for sku, price, pieces in (("A", 100, 5), ("B", 200, 0), ("C", 300, 5)):
        ProductFactory(sku=sku, name="Lamp", price=price, stock=pieces)
    answer = get(f"/products/?search={search}&{query}").json()
    assert {product["sku"] for product in answer["results"]} == skus
    assert answer["count"] == len(skus)


@pytest.mark.parametrize("search", ["", "lamp"])
def test_products_are_sorted_as_requested(search):
    for sku, price in (("A", 200), ("B", 100), ("C", 300)):
        ProductFactory(sku=sku, name="Lamp", price=price)
    ascending = [product["sku"] for product in get(f"/products/?search={search}&sort=price-up").json()["results"]]
    descending = [product["sku"] for product in get(f"/products/?search={search}&sort=price-down").json()["results"]]
    assert ascending == descending[::-1] == ["B", "A", "C"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("price_from=x", "price_from"),
        ("price_to=-1", "price_to"),
        ("price_from=2&price_to=1", "price_to"),
        ("price_from=99999999999999999999", "price_from"),
        ("in_stock=perhaps", "in_stock"),
        ("sort=upside-down", "sort"),
    ],
)
def test_an_invalid_query_parameter_is_named(query, field):
    assert field in problem(get(f"/products/?{query}"), 400)["errors"]


def test_unlisted_products_are_not_shown():
    ProductFactory(sku="HIDDEN", is_listed=False)
    assert get("/products/").json()["count"] == 0
    problem(get("/products/HIDDEN/"), 404)


@pytest.mark.parametrize("path", ["/products/?search=%00", "/products/?category=%00", f"/products/?search={'x' * 101}"])
def test_a_search_the_database_would_reject_names_the_parameter(path):
    (field,) = problem(get(path), 400)["errors"]
    assert field in {"search", "category"}


def test_a_sku_with_a_nul_is_not_found():
    problem(get("/products/%00/"), 404)


def test_a_page_takes_two_statements():
    for _ in range(10):
        ProductFactory(category=CategoryFactory(), stock=0)
    with CaptureQueriesContext(connection) as statements:
        get("/products/")
    assert len(statements) == 2
