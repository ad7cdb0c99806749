"""Catalogue pages: listed products only, escaped names, bounded statements, error pages."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from shop.catalogue import pictures
from shop.catalogue.selectors import PAGE_SIZE
from shop.models import Product
from shop.site import error_pages as errors
from tests.factories import CategoryFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db

MOST_STATEMENTS = 8


@pytest.fixture
def shelf():
    return CategoryFactory.create(name="Sound", slug="sound", blurb="Loud things")


def text(response) -> str:
    return response.content.decode()


@pytest.mark.parametrize(
    "path", ["/", "/products/", "/about/", "/delivery/", "/search/", "/search/?q=lamp", "/basket/", "/account/login/"]
)
def test_empty_pages_say_what_to_do(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert "Skip to content" in text(response)


def test_a_category_shows_its_products_only(client, shelf):
    ProductFactory.create(name="Banjo", category=shelf)
    ProductFactory.create(name="Teapot", category=CategoryFactory.create())
    page = text(client.get("/categories/sound/"))
    assert "Banjo" in page
    assert "Teapot" not in page


def test_an_unlisted_product_is_nowhere(client, shelf):
    hidden = ProductFactory.create(name="Secret", category=shelf, is_listed=False)
    assert client.get(hidden.get_absolute_url()).status_code == 404
    for path in ("/", "/categories/sound/", "/search/?q=secret"):
        assert hidden.get_absolute_url() not in text(client.get(path))


def test_a_sold_out_product_has_no_add_button(client, shelf):
    product = ProductFactory.create(category=shelf, stock=0)
    page = text(client.get(product.get_absolute_url()))
    assert "Sold out" in page
    assert 'action="/basket/add/"' not in page


@pytest.mark.parametrize("path", ["/products/", "/categories/sound/", "/search/?q=teapot"])
def test_a_product_of_a_former_currency_is_shown_as_not_for_sale(client, shelf, path):
    """Its price was right when it was listed; the basket and checkout refuse it since."""
    product = ProductFactory.create(name="Teapot", category=shelf, currency="USD", stock=3)
    page = text(client.get(path))
    assert "Not for sale" in page
    assert "Only 3 left" not in page
    button = page.partition(f'value="{product.sku}"')[2].partition("</form>")[0]
    assert re.search(r"<button[^>]*disabled", button)


def test_the_page_of_a_product_of_a_former_currency_has_no_add_button(client, shelf):
    page = text(client.get(ProductFactory.create(category=shelf, currency="USD", stock=3).get_absolute_url()))
    assert "This product is not for sale." in page
    assert 'action="/basket/add/"' not in page
    assert "schema.org/OutOfStock" in page


def test_low_stock_is_shown(client, shelf):
    ProductFactory.create(category=shelf, stock=3)
    assert "Only 3 left" in text(client.get("/"))


@pytest.mark.parametrize("query", ["silent lamp", "LAMP", "  lamp  "])
def test_search_finds_all_words_in_name_and_description(client, query):
    ProductFactory.create(name="Desk Lamp", description="A silent one")
    ProductFactory.create(name="Chair")
    page = text(client.get("/search/", {"q": query}))
    assert "Desk Lamp" in page
    assert "1 product" in page
    assert "Chair" not in page


@pytest.mark.parametrize("query", ["\x00", "x" * 5000, "%", "_", "'; drop table", "<script>alert(1)</script>"])
def test_odd_searches_are_handled(client, query):
    ProductFactory.create(name="Desk Lamp")
    response = client.get("/search/", {"q": query})
    assert response.status_code == 200
    assert "<script>alert" not in text(response)


def test_names_are_escaped_everywhere(client, shelf):
    product = ProductFactory.create(name="<script>alert(1)</script>", category=shelf)
    client.post("/basket/add/", {"sku": product.sku})
    for path in ("/", product.get_absolute_url(), "/basket/", "/checkout/"):
        page = text(client.get(path))
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize(
    "path", ["/", "/products/", "/categories/sound/", "/search/?q=product", "/products/sku-of-test/"]
)
def test_statements_do_not_grow_with_the_catalogue(client, shelf, path):
    Product.objects.bulk_create(
        Product(sku=f"P{n}", slug=f"p{n}", name=f"Product {n}", category=shelf, price=100, stock=9) for n in range(200)
    )
    ProductFactory.create(slug="sku-of-test", category=shelf)
    client.force_login(UserFactory.create())
    client.post("/basket/add/", {"sku": "P1"})
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    assert len(captured) <= MOST_STATEMENTS


@pytest.mark.parametrize("page", ["2", "99", "0", "-1", "x", "1e9", ""])
def test_any_page_number_shows_a_page(client, shelf, page):
    ProductFactory.create_batch(PAGE_SIZE + 1, category=shelf)
    assert client.get("/products/", {"page": page}).status_code == 200


def test_pages_follow_one_another(client, shelf):
    ProductFactory.create_batch(PAGE_SIZE + 1, category=shelf)
    assert "Page 1 of 2" in text(client.get("/categories/sound/"))
    assert text(client.get("/categories/sound/?page=2")).count('action="/basket/add/"') == 1


def test_a_wrong_picture_path_shows_the_placeholder(monkeypatch):
    """In production, the static files storage rejects unknown paths."""

    def static(path: str) -> str:
        if path == "nowhere.webp":
            raise ValueError(path)
        return f"/static/{path}"

    monkeypatch.setattr(pictures, "static", static)
    for path in ("nowhere.webp", ""):
        assert pictures.picture(Product(image=path)).endswith("parcel.webp")


def test_pages_hold_no_inline_script_or_style(client, shelf):
    product = ProductFactory.create(category=shelf)
    client.post("/basket/add/", {"sku": product.sku})
    for path in ("/", product.get_absolute_url(), "/basket/", "/checkout/", "/account/login/", "/nope/"):
        page = text(client.get(path))
        assert "<style" not in page
        assert " style=" not in page
        data = page.count('<script type="application/ld+json">')
        assert page.count("<script") == page.count("<script src=") + data
        assert "onclick" not in page


class TestErrors:
    def test_a_missing_page_links_home(self, client):
        response = client.get("/nope/")
        assert response.status_code == 404
        assert "Nothing on this belt" in text(response)

    @pytest.mark.parametrize("method", ["get", "post", "delete"])
    def test_the_api_gets_problem_details(self, client, method):
        response = getattr(client, method)("/api/v1/nope/")
        assert response.status_code == 404
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["status"] == 404

    def test_a_form_without_csrf_token_is_explained(self):
        strict = Client(enforce_csrf_checks=True)
        response = strict.post("/basket/add/", {"sku": "X"})
        assert response.status_code == 403
        assert "send that again" in text(response)

    def test_the_500_page_needs_no_database(self, django_assert_num_queries):
        request = RequestFactory().get("/")
        request.user = AnonymousUser()
        with django_assert_num_queries(0):
            response = errors.server_error(request)
        assert response.status_code == 500
        assert "Orders you have placed are safe" in text(response)

    @pytest.mark.parametrize(("view", "status"), [(errors.bad_request, 400), (errors.server_error, 500)])
    def test_api_errors_are_problem_details(self, view, status):
        response = view(RequestFactory().get("/api/v1/orders/"))
        assert response.status_code == status
        assert response["Content-Type"] == "application/problem+json"

    def test_a_lockout_has_its_page(self, client, settings):
        settings.AXES_FAILURE_LIMIT = 2
        for _attempt in range(2):
            response = client.post("/account/login/", {"username": "ada", "password": "wrong"})
        assert response.status_code == 429
        assert response["Retry-After"] == "900"
        assert "Please wait a few minutes" in text(response)
