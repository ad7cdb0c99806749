"""Tampering: requests that no form of the shop would send."""

import re

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from orders.models import Order
from shop.checkout.services import LineWanted
from shop.models import GuestBasket, Product
from tests.delivery import deliver_due
from tests.factories import CategoryFactory, ProductFactory, UserFactory, place

pytestmark = pytest.mark.django_db

MARKUP = "<script>alert(1)</script>"
ANSWERS = {
    "email": "eve@example.com",
    "name": "Eve",
    "line1": "1 Side Street",
    "postcode": "N1 1AA",
    "city": "London",
    "country": "GB",
    "shipping_method": "standard",
    "payment_method": "pm_card_visa",
}


@pytest.fixture
def lamp():
    return ProductFactory.create(name=f"Lamp {MARKUP}", price=1000, stock=5, category=CategoryFactory.create())


@pytest.fixture
def order(lamp):
    return place(lines=[LineWanted(sku=lamp.sku, quantity=1)], name=f"Ada {MARKUP}")


@pytest.fixture
def eve(client, lamp):
    client.post("/basket/add/", {"sku": lamp.sku, "quantity": 2})
    return client


def text(response) -> str:
    return response.content.decode()


def form(client) -> dict[str, str]:
    hidden = dict(re.findall(r'name="(token|seen)" value="([^"]+)"', text(client.get("/checkout/"))))
    return ANSWERS | hidden


@pytest.mark.parametrize("action", ["", "live/", "invoice.pdf"])
def test_an_order_is_not_found_by_number_or_guess(client, order, action):
    guesses = [order.number, order.number.lower(), str(order.pk), order.public_id[:-1], order.public_id.swapcase()]
    for guess in guesses:
        assert client.get(f"/orders/{guess}/{action}").status_code == 404


@pytest.mark.parametrize("action", ["cancel", "pay", "reorder"])
def test_order_numbers_authorise_no_action(client, order, action):
    answer = client.post(f"/orders/{order.number}/{action}/", {"payment_method": "pm_card_visa"})
    assert answer.status_code == 404
    assert Order.objects.get().status == "placed"


def test_an_order_page_reveals_no_other_order(client, order):
    other = place(name="Bob Builder", email="bob@example.com")
    page = text(client.get(f"/orders/{order.public_id}/"))
    for secret in (other.number, other.public_id, "Bob Builder", "bob@example.com"):
        assert secret not in page


def test_extra_fields_change_nothing(eve, lamp):
    extra = {"price": "1", "total": "1", "shipping_price": "0", "stock": "999", "status": "paid", "user": "1"}
    eve.post("/checkout/", form(eve) | extra)
    order = Order.objects.get()
    assert (order.total, order.status, order.user) == (2000, "placed", None)
    assert Product.objects.get(pk=lamp.pk).stock == 3


@pytest.mark.parametrize("quantity", ["-5", "0", "100", "1e9", "9" * 30, "0x10", "٣٣٣"])
def test_no_quantity_creates_money_or_oversells(eve, lamp, quantity):
    for action in ("add", "change"):
        eve.post(f"/basket/{action}/", {"sku": lamp.sku, "quantity": quantity})
    ((sku, held, _price),) = GuestBasket.objects.get().lines
    assert sku == lamp.sku
    assert 1 <= held <= 5


@pytest.mark.parametrize(
    ("field", "value"),
    [("shipping_method", "teleport"), ("shipping_method", ""), ("payment_method", "pm_free"), ("country", "ZZ")],
)
def test_values_not_offered_are_refused(eve, field, value):
    assert "Your order has not been placed yet" in text(eve.post("/checkout/", form(eve) | {field: value}))
    assert not Order.objects.exists()


def test_another_sessions_token_reveals_nothing(eve, lamp):
    mine = form(eve)
    eve.post("/checkout/", mine)
    mallory = Client()
    mallory.post("/basket/add/", {"sku": lamp.sku})
    answer = mallory.post("/checkout/", form(mallory) | {"token": mine["token"]})
    first, second = Order.objects.order_by("pk")
    assert answer.url == f"/orders/{second.public_id}/"
    assert first.total != second.total


def test_unlisted_products_are_not_sold(client):
    hidden = ProductFactory.create(is_listed=False)
    assert client.post("/basket/add/", {"sku": hidden.sku}).status_code == 404
    assert client.post("/basket/change/", {"sku": hidden.sku, "quantity": 1}).status_code == 404


def test_markup_in_names_stays_text_on_every_page(eve, lamp, order):
    pages = ["/", f"/products/{lamp.slug}/", "/basket/", "/checkout/", f"/orders/{order.public_id}/"]
    for path in [*pages, f"/search/?q={MARKUP}", f"/orders/{order.public_id}/live/"]:
        page = text(eve.get(path))
        assert MARKUP not in page, path
    assert "&lt;script&gt;" in text(eve.get(f"/orders/{order.public_id}/"))
    removed = text(eve.post("/basket/remove/", {"sku": lamp.sku}, follow=True))
    assert MARKUP not in removed


def test_markup_in_names_stays_text_in_emails(order):
    deliver_due()
    assert mail.outbox
    for message in mail.outbox:
        for content, kind in getattr(message, "alternatives", []):
            assert kind != "text/html" or MARKUP not in content


@pytest.mark.parametrize(
    "path", ["/basket/add/", "/basket/remove/", "/checkout/", "/orders/{}/cancel/", "/account/login/"]
)
def test_cross_site_forms_are_refused(order, path):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(path.format(order.public_id), {"sku": "x"}).status_code == 403
    assert Order.objects.get().status == "placed"


def test_a_form_of_a_tab_from_before_a_sign_in_is_sent_again_with_what_was_typed():
    """Signing in elsewhere changes the token. Passwords are not kept, and of another site's form nothing is."""
    strict = Client(enforce_csrf_checks=True)
    form = {"name": "Ada <b>", "line1": "12 Analytical Way", "password": "engine", "csrfmiddlewaretoken": "old"}
    for site in ("cross-site", "same-site", ""):
        page = strict.post("/checkout/", form, headers={"Sec-Fetch-Site": site})
        assert (page.status_code, b"Ada" in page.content) == (403, False)
    page = strict.post("/checkout/?a=1", form, headers={"Sec-Fetch-Site": "same-origin"})
    text = page.content.decode()
    assert page.status_code == 403
    assert 'name="name" value="Ada &lt;b&gt;"' in text
    assert 'action="/checkout/?a=1"' in text
    assert "12 Analytical Way" in text
    assert "engine" not in text
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
    assert "old" not in token
    again = strict.post("/checkout/", form | {"csrfmiddlewaretoken": token[-1]})
    assert again.status_code == 302


def test_a_form_with_a_file_is_not_sent_again_without_it():
    picture = SimpleUploadedFile("a.webp", b"x")
    page = Client(enforce_csrf_checks=True).post(
        "/checkout/", {"name": "Ada", "picture": picture}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert (page.status_code, b"Ada" in page.content) == (403, False)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_sign_in_redirects_to_no_other_site(client, target):
    user = UserFactory.create(username="ada")
    user.set_password("engine")
    user.save()
    answer = client.post("/account/login/", {"username": "ada", "password": "engine", "next": target})
    assert answer.url == "/account/"
