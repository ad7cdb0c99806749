"""The payment step with Stripe: its form, and that no other page loads Stripe's script or may."""

import re

import pytest

from orders import services as orders
from orders.models import Order
from payments.models import Payment
from shop.checkout.services import LineWanted
from tests.factories import place
from tests.shop.checkout.page import filled, text

pytestmark = pytest.mark.django_db
TOKEN = "ctoken_1NnQUf2eZvKYlo2CIObdtbnb"


@pytest.fixture
def stripe(settings):
    """Stripe as a live shop has it; no page makes a request to it."""
    settings.CONVEYOR_DEMO = False
    settings.PAYMENT_GATEWAY = "stripe"
    settings.STRIPE_SECRET_KEY, settings.STRIPE_PUBLISHABLE_KEY = "sk_live_secret", "pk_live_public"
    settings.STRIPE_JS_URL = "https://js.stripe.com/endive/stripe.js"


@pytest.fixture
def failed(stripe, lamp):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)], payment_method=TOKEN)
    orders.mark_payment_failed(order=order, reason="card_declined")
    Payment.objects.update(status="failed", failure_code="card_declined")
    return order


def policy(response) -> dict[str, list[str]]:
    directives = (part.split() for part in response["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in directives}


def test_the_page_has_stripes_form_and_what_it_needs(stripe, shopper):
    page = text(shopper.get("/checkout/"))
    assert '<script src="https://js.stripe.com/endive/stripe.js" defer></script>' in page
    assert "shop/js/card_form.js" in page
    assert 'data-key="pk_live_public"' in page
    assert 'data-currency="eur"' in page
    amounts = dict(re.findall(r'data-amount-for="(\w+)" value="(\d+)"', page))
    assert amounts == {"standard": "2000", "express": "2990"}
    assert 'type="radio" name="payment_method"' not in page
    assert "sk_live_secret" not in page


def test_without_javascript_the_page_says_why_it_is_needed(stripe, shopper):
    noscript = re.search(r"<noscript>(.*?)</noscript>", text(shopper.get("/checkout/")), re.DOTALL)
    assert noscript
    assert "JavaScript is needed to enter card data" in noscript[1]


def test_the_policy_allows_stripes_hosts_on_the_payment_step(stripe, shopper):
    found = policy(shopper.get("/checkout/"))
    assert found["script-src"] == ["'self'", "https://js.stripe.com", "https://*.js.stripe.com"]
    assert found["frame-src"] == [*found["script-src"], "https://hooks.stripe.com"]
    assert found["connect-src"] == ["'self'", "https://api.stripe.com"]
    assert found["default-src"] == ["'self'"]


def test_a_form_that_comes_back_is_a_payment_step_too(stripe, shopper):
    answer = shopper.post("/checkout/", filled(shopper, payment_method=TOKEN, city=""))
    assert "script-src" in policy(answer)
    assert TOKEN not in text(answer)


def test_an_order_is_placed_with_the_token(stripe, shopper):
    shopper.post("/checkout/", filled(shopper, payment_method=TOKEN))
    assert Payment.objects.get().method == TOKEN


@pytest.mark.parametrize(
    "method", ["", "ctoken_", "ctoken_" + "x" * 51, "pm_card_visa", "tok_visa", f"{TOKEN}\n", "4242424242424242"]
)
def test_anything_but_a_token_is_refused(stripe, shopper, method):
    page = text(shopper.post("/checkout/", filled(shopper, payment_method=method)))
    assert 'id="id_payment_method_error"' in page
    assert Order.objects.count() == 0


def test_the_api_takes_a_token(stripe, client, lamp):
    body = {
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "address": {"line1": "1 Engine Row", "city": "London", "postcode": "N1 1AA", "country": "GB"},
        "shipping_method": "standard",
        "payment_method": TOKEN,
        "lines": [{"sku": lamp.sku, "quantity": 1}],
    }
    answer = client.post("/api/v1/orders/", body, content_type="application/json")
    assert answer.status_code == 201, answer.content


@pytest.mark.parametrize("path", ["/", "/products/", "/basket/", "/account/login/", "/orders/{order}/", "/healthz"])
def test_no_other_page_loads_stripes_script_or_may(failed, client, path):
    answer = client.get(path.format(order=failed.public_id))
    assert b"stripe.com" not in answer.content
    assert "stripe.com" not in answer.headers.get("Content-Security-Policy", "")


def test_other_gateways_keep_their_list_and_the_policy(shopper):
    answer = shopper.get("/checkout/")
    assert "script-src" not in policy(answer)
    assert "card_form.js" not in text(answer)


def test_a_failed_payment_is_repeated_on_a_payment_step_of_its_own(failed, client):
    assert f'href="/orders/{failed.public_id}/pay/"' in text(client.get(f"/orders/{failed.public_id}/"))
    answer = client.get(f"/orders/{failed.public_id}/pay/")
    assert "script-src" in policy(answer)
    assert 'data-amount-for="" value="1000"' in text(answer)
    client.post(f"/orders/{failed.public_id}/pay/", {"payment_method": f"{TOKEN}2"})
    failed.refresh_from_db()
    assert failed.status == "placed"
    assert Payment.objects.order_by("created_at").last().method == f"{TOKEN}2"


def test_an_order_that_needs_no_payment_has_no_payment_step(failed, client):
    orders.cancel_order(order=failed, reason="customer")
    answer = client.get(f"/orders/{failed.public_id}/pay/")
    assert answer.url == f"/orders/{failed.public_id}/"


def test_the_order_page_names_what_paid_without_the_token(failed, client):
    page = text(client.get(f"/orders/{failed.public_id}/"))
    assert TOKEN not in page


def test_a_stand_in_is_allowed_in_the_place_of_stripes_hosts(stripe, shopper, settings):
    settings.STRIPE_JS_URL = "http://127.0.0.1:9/stripe.js"
    found = policy(shopper.get("/checkout/"))
    assert found["script-src"] == ["'self'", "http://127.0.0.1:9"]


def test_the_order_page_drops_the_secret_with_which_the_bank_sends_the_shopper_back(failed, client):
    url = f"/orders/{failed.public_id}/"
    answer = client.get(f"{url}?payment_intent=pi_1&payment_intent_client_secret=pi_1_secret_2&redirect_status=failed")
    assert answer.url == url
