"""Shared pages: always current, never with a word of another visitor, not sent again unchanged."""

import re

import pytest
from django.test import Client

from shop.catalogue.reviews.services import publish_examples
from shop.models import Category, Product, ProductText, Review, User
from shop.stock.services import take_stock
from tests.factories import CategoryFactory, ProductFactory, UserFactory
from tests.shop.site.shared_pages import statements, stored, text, token

pytestmark = pytest.mark.django_db

BACKEND = "shop.accounts.authentication.NameOrEmail"
PAGES = ("/", "/products/", "/categories/sound/", "/products/banjo/", "/search/?q=banjo", "/about/", "/delivery/")


@pytest.fixture
def product():
    shelf = CategoryFactory.create(name="Sound", slug="sound")
    product = ProductFactory.create(sku="BANJO", slug="banjo", name="Banjo", price=1990, stock=50, category=shelf)
    publish_examples(reviews=[Review(product=product, author="Ann", stars=5, title="Loud", text="And clear")])
    return product


@pytest.fixture
def shopper():
    client = Client()
    user = UserFactory.create(first_name="Zebulon", last_name="Quaxfield", email="zeb@quaxfield.example")
    client.force_login(user, backend=BACKEND)
    return client


CHANGES = [
    ("/products/banjo/", lambda: Product.objects.update(price=2500), "€19.90", "€25.00"),
    ("/products/banjo/", lambda: Product.objects.update(currency="USD"), "€19.90", "$19.90"),
    ("/products/banjo/", lambda: Product.objects.update(stock=3), "In stock", "Only 3 left"),
    ("/categories/sound/", lambda: Product.objects.update(stock=0), "chip-good", "Sold out"),
    ("/products/banjo/", lambda: Product.objects.update(image="new.webp"), "parcel.webp", "new.webp"),
    ("/products/banjo/", lambda: Review.objects.update(title="Quiet"), "Loud", "Quiet"),
    ("/", lambda: Review.objects.update(title="Quiet"), "Loud", "Quiet"),
    ("/about/", lambda: Category.objects.update(name="Noise"), "Sound", "Noise"),
    ("/products/", lambda: Product.objects.update(is_listed=False), "Banjo", "The shelves are empty"),
    ("/search/?q=banjo", lambda: Product.objects.update(is_listed=False), "1 product", "No results"),
]


@pytest.mark.parametrize(("path", "change", "before", "after"), CHANGES)
def test_a_change_shows_at_once(client, product, path, change, before, after):
    assert before in text(client, path)
    assert after not in text(client, path)
    change()
    page = text(client, path)
    assert after in page
    assert before not in page


def test_a_lower_reorder_level_shows_at_once(client, product):
    Product.objects.update(stock=3, reorder_level=5)
    assert "Almost gone" in text(client)
    Product.objects.update(reorder_level=2)
    assert "Almost gone" not in text(client)


def test_a_sale_shows_at_once(client, product):
    Product.objects.update(stock=6)
    assert "In stock" in text(client, "/products/banjo/")
    take_stock(wanted={"BANJO": 1}, reference="CV-1", products=Product.objects.all())
    assert "Only 5 left" in text(client, "/products/banjo/")


def test_a_delisted_product_is_gone_at_once(client, product):
    assert "Banjo" in text(client, "/products/banjo/")
    Product.objects.update(is_listed=False)
    assert client.get("/products/banjo/").status_code == 404


def test_each_language_has_its_page(client, product):
    ProductText.objects.create(product=product, language="de", name="Zupfgerät")
    for _again in range(2):
        assert "Zupfgerät" not in text(client, "/products/banjo/")
        german = text(client, "/products/banjo/", **{"accept-language": "de"})
        assert "Zupfgerät" in german
        assert "19,90" in german


def test_each_time_zone_has_its_page(client, product):
    Review.objects.update(at="2026-03-02T23:30:00+00:00")
    assert "March 2, 2026" in text(client, "/products/banjo/")
    client.cookies["timezone"] = "Europe/Berlin"
    assert "March 3, 2026" in text(client, "/products/banjo/")


def test_pages_are_rendered_once_for_all_visitors(client, shopper, product):
    for path in PAGES:
        text(shopper, path)
        shopper_again, guest = statements(shopper, path), statements(client, path)
        assert not [sql for sql in shopper_again + guest if 'FROM "shop_category"' in sql]
        assert len(guest) == 1, guest
        assert len(shopper_again) <= 4, shopper_again


def test_no_page_in_the_cache_holds_a_visitors_data(shopper, product):
    secret = ProductFactory.create(sku="OTHER-SKU", name="Otherproduct", is_listed=True)
    shopper.post("/basket/add/", {"sku": secret.sku, "quantity": 7})
    Product.objects.filter(pk=secret.pk).update(is_listed=False)
    pages = "".join(text(shopper, path) for path in PAGES)
    assert "Otherproduct is in your basket." in pages
    assert "Only customers who bought this can review it. You can write" in pages
    kept = repr(stored())
    assert len(stored()) == len(PAGES)
    session, csrf = shopper.cookies["sessionid"].value, shopper.cookies["csrftoken"].value
    for word in ("Zebulon", "Quaxfield", "zeb@", "Otherproduct", "OTHER-SKU", "You can write a review", session, csrf):
        assert word not in kept
    assert "badge-sm" not in kept
    assert "csrfmiddlewaretoken" in kept
    assert token(pages) not in kept


def test_visitors_do_not_see_each_others_basket_and_messages(shopper, product):
    shopper.post("/basket/add/", {"sku": "BANJO", "quantity": 3})
    guest, other = Client(), Client()
    other.post("/basket/add/", {"sku": "BANJO", "quantity": 2})
    for client, count in ((shopper, 3), (guest, 0), (other, 2), (guest, 0), (shopper, 3)):
        page = text(client)
        counts = re.findall(r'tabular-nums">(\d+)</span>\s*<span class="sr-only">items', page)
        assert counts == ([str(count)] if count else [])
    other.post("/basket/add/", {"sku": "BANJO", "quantity": 1})
    assert "is in your basket" not in text(guest)
    assert "is in your basket" in text(other)
    assert "is in your basket" not in text(other)


def test_what_a_visitor_may_review_is_no_part_of_the_page(client, shopper, product):
    assert "sign in to write a review" in text(client, "/products/banjo/")
    assert "as soon as your order ships" in text(shopper, "/products/banjo/")
    assert "sign in to write a review" in text(client, "/products/banjo/")


def test_each_visitors_token_works_on_a_page_from_the_cache(product):
    one, other = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    tokens = {client: token(text(client, "/products/banjo/")) for client in (one, other)}
    form = {"sku": "BANJO", "quantity": 1}
    assert other.post("/basket/add/", form | {"csrfmiddlewaretoken": tokens[one]}).status_code == 403
    for client in (one, other):
        assert client.post("/basket/add/", form | {"csrfmiddlewaretoken": tokens[client]}).status_code == 302


def test_a_text_cannot_stand_for_a_piece(client, product):
    assert not re.search(r"gap-[0-9a-f]{16}", text(client))
    Product.objects.update(name="gap-0-csrf_token-")
    assert "gap-0-csrf_token-" in text(client)


class TestConditionalRequests:
    def again(self, client, etag, path="/"):
        return client.get(path, headers={"if-none-match": etag})

    def test_an_unchanged_page_is_not_sent_again(self, client, product):
        client.get("/")
        etag = client.get("/")["ETag"]
        response = self.again(client, etag)
        assert response.status_code == 304
        assert response.content == b""
        assert response["ETag"] == etag

    def test_a_page_with_a_change_is_sent_again(self, client, product):
        client.get("/")
        etag = client.get("/")["ETag"]
        Product.objects.update(price=1)
        assert self.again(client, etag).status_code == 200

    def test_a_page_with_another_basket_is_sent_again(self, client, product):
        client.get("/")
        etag = client.get("/")["ETag"]
        client.post("/basket/add/", {"sku": "BANJO"}, headers={"hx-request": "true"})
        assert self.again(client, etag).status_code == 200

    def test_a_page_is_sent_again_after_a_sign_in(self, client, product):
        """The token in the visitor's copy is no longer valid."""
        client.get("/")
        etag = client.get("/")["ETag"]
        User.objects.create_user("zeb", password="secret")
        assert client.post("/account/login/", {"username": "zeb", "password": "secret"}).status_code == 302
        assert self.again(client, etag).status_code == 200

    def test_a_visitor_without_cookies_gets_the_page(self, product):
        """A copy that another visitor left is of no use: its forms would be refused."""
        etag = Client().get("/")["ETag"]
        assert self.again(Client(), etag).status_code == 200

    @pytest.mark.parametrize("path", PAGES)
    def test_only_the_visitors_own_browser_may_keep_a_page(self, client, product, path):
        response = client.get(path)
        assert response["Cache-Control"] == "private, no-cache"
        assert {"Cookie", "Accept-Language", "HX-Request"} <= {name.strip() for name in response["Vary"].split(",")}

    @pytest.mark.parametrize("path", PAGES)
    def test_head_is_get_without_a_body(self, client, product, path):
        client.get(path)
        get, head = client.get(path), client.head(path)
        assert head.content == b""
        assert (head.status_code, head["ETag"]) == (200, get["ETag"])
