"""What does the API tell of the catalogue?"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.client import get, problem
from tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db


def test_a_product_has_the_promised_fields():
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


def test_a_product_without_category_and_picture_says_null():
    ProductFactory(sku="BARE")
    product = get("/products/BARE/").json()
    assert product["category"] is None
    assert product["image"] is None


def test_a_list_comes_in_pages():
    for _ in range(25):
        ProductFactory(stock=0)
    first = get("/products/").json()
    assert (first["count"], len(first["results"]), first["previous"]) == (25, 24, None)
    assert first["next"] == "http://testserver/api/v1/products/?page=2"
    second = get("/products/?page=2").json()
    assert (len(second["results"]), second["next"]) == (1, None)


@pytest.mark.parametrize("page", ["0", "-1", "9", "x", "99999999999999999999999"])
def test_a_page_that_is_not_there_is_not_found(page):
    problem(get(f"/products/?page={page}"), 404)


def test_search_finds_every_word_wherever_it_stands():
    ProductFactory(sku="A", name="Desk lamp", tagline="bright and warm")
    ProductFactory(sku="B", name="Desk")
    assert [p["sku"] for p in get("/products/?search=WARM%20lamp").json()["results"]] == ["A"]


def test_a_category_shows_its_own():
    ProductFactory(sku="A", category=CategoryFactory(slug="home"))
    ProductFactory(sku="B")
    assert [p["sku"] for p in get("/products/?category=home").json()["results"]] == ["A"]
    assert get("/products/?category=none").json()["count"] == 0


def test_goods_that_are_not_listed_are_not_shown():
    ProductFactory(sku="HIDDEN", is_listed=False)
    assert get("/products/").json()["count"] == 0
    problem(get("/products/HIDDEN/"), 404)


@pytest.mark.parametrize("path", ["/products/?search=%00", "/products/?category=%00", f"/products/?search={'x' * 101}"])
def test_a_search_that_no_database_would_take_names_the_parameter(path):
    (field,) = problem(get(path), 400)["errors"]
    assert field in {"search", "category"}


def test_a_sku_with_a_nul_is_not_found():
    problem(get("/products/%00/"), 404)


def test_a_page_takes_two_statements_however_many_products_there_are():
    for _ in range(10):
        ProductFactory(category=CategoryFactory(), stock=0)
    with CaptureQueriesContext(connection) as statements:
        get("/products/")
    assert len(statements) == 2
