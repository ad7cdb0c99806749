"""Purchases with Stripe in the browser, against the stand-in: its script, its frame for cards and the bank's page.

Nobody sends the stand-in's webhook events but these tests.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from payments.models import Payment
from tests.browser.steps import SHIPPED, fill_basket, fill_form, new_email, number, status
from tests.payments.gateways.stripe_server import StripeServer
from tests.payments.gateways.stripe_webhook import SECRET, deliver
from tests.quality.checks import page_findings
from tests.stack import Stack

CARD, CHALLENGED, IBAN = "4242 4242 4242 4242", "4000 0000 0000 3220", "DE89 3704 0044 0532 0130 00"
WAITS = re.compile("^action_required$")


@pytest.fixture(scope="module")
def server() -> Iterator[StripeServer]:
    with StripeServer() as server:
        yield server


@pytest.fixture(scope="module")
def stack(server: StripeServer, django_db_blocker: Any) -> Iterator[Stack]:
    keys = {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_PUBLISHABLE_KEY": "pk_test_1", "STRIPE_WEBHOOK_SECRET": SECRET}
    addresses = {"STRIPE_API_BASE": server.url, "STRIPE_JS_URL": f"{server.url}/stripe.js"}
    shop = Stack("embedded", blocker=django_db_blocker, env={"PAYMENT_GATEWAY": "stripe"} | keys | addresses)
    try:
        yield shop.start()
    finally:
        shop.remove()


@pytest.fixture
def loaded(server: StripeServer) -> list[str]:
    """Addresses of the pages that have loaded Stripe's script, as browsers report them."""
    server.referrers.clear()
    return server.referrers


def enter(page: Page, number: str) -> None:
    page.frame_locator("iframe[title='Secure payment input frame']").get_by_label("Card number").fill(number)


def check_out(page: Page, *, card: str) -> str:
    """From the home page to the order page; returns the order's number."""
    fill_basket(page)
    page.get_by_role("link", name="Go to checkout").click()
    fill_form(page, email=new_email())
    enter(page, card)
    page.get_by_role("button", name="Place order").click()
    return number(page)


def reference(stack: Stack, order: str) -> str:
    with stack.db():
        return Payment.objects.using(stack.alias).get(order__number=order).gateway_reference


def test_a_card_is_entered_in_stripes_frame_and_captured_once_the_order_ships(stack, server, visit):
    page = visit("/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    order = check_out(page, card=CARD)
    expect(status(page)).to_have_attribute("data-status", SHIPPED)
    intent = server.vault.intents[reference(stack, order)]
    stack.wait_for(lambda: intent["amount_received"] == intent["amount"], what="Stripe captures the order's total")
    to_shop = [each for each in sent if each.startswith(stack.url)]
    assert not [each for each in to_shop if "4242" in each]
    assert [each for each in to_shop if "payment_method=ctoken_" in each]


def test_a_purchase_with_3d_secure_is_confirmed_at_the_bank(stack, server, visit):
    page = visit("/")
    order = check_out(page, card=CHALLENGED)
    expect(status(page)).to_have_attribute("data-status", WAITS)
    page.get_by_role("link", name="Confirm with your bank").click()
    page.get_by_role("button", name="Approve").click()
    assert number(page) == order
    assert "secret" not in page.url
    deliver(server.vault.events, to=stack.url)
    expect(status(page)).to_have_attribute("data-status", SHIPPED)


def test_a_purchase_is_taken_up_in_another_browser(stack, server, visit):
    page = visit("/")
    order = check_out(page, card=CHALLENGED)
    expect(status(page)).to_have_attribute("data-status", WAITS)
    address = page.url
    page.context.close()
    other = visit(address)
    other.get_by_role("link", name="Confirm with your bank").click()
    other.get_by_role("button", name="Approve").click()
    assert number(other) == order
    deliver(server.vault.events, to=stack.url)
    expect(status(other)).to_have_attribute("data-status", SHIPPED)


def test_a_payment_succeeds_after_the_page_is_gone(stack, server, visit):
    page = visit("/")
    order = check_out(page, card=IBAN)
    expect(status(page)).to_have_attribute("data-status", "processing")
    address = page.url
    page.context.close()
    server.vault.charges.settle(reference(stack, order))
    deliver(reversed(server.vault.events), to=stack.url)
    expect(status(visit(address))).to_have_attribute("data-status", SHIPPED)


def test_a_challenge_that_fails_is_paid_with_another_card_on_a_page_of_its_own(stack, server, visit):
    page = visit("/")
    check_out(page, card=CHALLENGED)
    page.get_by_role("link", name="Confirm with your bank").click()
    page.get_by_role("button", name="Decline").click()
    deliver(server.vault.events, to=stack.url)
    expect(status(page)).to_have_attribute("data-status", "payment_failed")
    page.get_by_role("link", name="Retry payment").click()
    enter(page, CARD)
    page.get_by_role("button", name="Pay now").click()
    expect(status(page)).to_have_attribute("data-status", SHIPPED)


def test_what_stripe_finds_wrong_is_said_beside_the_card_and_nothing_is_ordered(visit):
    page = visit("/")
    fill_basket(page)
    page.get_by_role("link", name="Go to checkout").click()
    fill_form(page, email=new_email())
    place = page.get_by_role("button", name="Place order")
    place.click()
    error = page.locator("[data-card-form] [role=alert]")
    expect(error).to_have_text("Your card number is incomplete.")
    enter(page, "1234")
    place.click()
    expect(error).to_have_text("Your card number is invalid.")
    enter(page, CARD)
    place.click()
    number(page)


def test_a_blocked_script_is_explained_and_nothing_is_ordered(visit):
    page = visit("/")
    page.route("**/stripe.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    fill_basket(page)
    page.get_by_role("link", name="Go to checkout").click()
    expect(page.locator("[data-card-form] [role=alert]")).to_contain_text("The payment form could not be loaded.")
    fill_form(page, email=new_email())
    page.get_by_role("button", name="Place order").click()
    expect(page.locator("main")).to_contain_text("Your payment details are missing.")


def test_no_page_but_the_payment_step_loads_stripes_script(loaded, visit):
    page = visit("/")
    for path in ("/products/", "/basket/", "/account/login/", "/about/"):
        page.goto(path)
    fill_basket(visit("/"))
    assert loaded == []
    check_out(visit("/"), card=CARD)
    assert len(loaded) == 1


@pytest.mark.parametrize("width", [1280, 390])
def test_each_step_of_a_payment_fits_the_screen_and_is_accessible(stack, server, visit, width):
    page = visit("/", viewport={"width": width, "height": 850})
    fill_basket(page)
    page.get_by_role("link", name="Go to checkout").click()
    fill_form(page, email=new_email())
    enter(page, CHALLENGED)
    assert page_findings(page) == []
    page.get_by_role("button", name="Place order").click()
    expect(status(page)).to_have_attribute("data-status", WAITS)
    assert page_findings(page) == []
    page.get_by_role("link", name="Confirm with your bank").click()
    page.get_by_role("button", name="Decline").click()
    deliver(server.vault.events, to=stack.url)
    expect(status(page)).to_have_attribute("data-status", "payment_failed")
    page.get_by_role("link", name="Retry payment").click()
    page.frame_locator("iframe[title='Secure payment input frame']").get_by_label("Card number").wait_for()
    assert page_findings(page) == []
