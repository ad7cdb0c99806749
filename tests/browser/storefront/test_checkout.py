"""Checkout and order page: purchase, second payment, cancellation, refund, invoice."""

import re

from playwright.sync_api import expect

from orders.models import Order
from tests.browser import ONE_BACKEND
from tests.browser.steps import (
    SHIPPED,
    buy,
    fill_basket,
    fill_checkout,
    fill_form,
    new_email,
    number,
    place_order,
    sign_in,
    status,
)

pytestmark = ONE_BACKEND


def test_a_guest_buys_and_follows_the_order_until_it_is_delivered(visit):
    page = visit("/")
    buy(page)
    page.evaluate("document.body.dataset.loaded = 'once'")
    expect(status(page)).to_have_attribute("data-status", "delivered")
    expect(page.locator("#order-status")).to_contain_text("Delivered. Enjoy!")
    for event in ("placed", "paid", "shipped", "delivered"):
        expect(page.locator(f"#timeline li[data-event={event}]")).to_have_count(1)
    expect(page.locator("body")).to_have_attribute("data-loaded", "once")


def test_a_declined_card_is_reported_and_another_card_pays(visit):
    page = visit("/")
    buy(page, method="pm_card_declined")
    expect(status(page)).to_have_attribute("data-status", "payment_failed")
    expect(page.locator("#order-live")).to_contain_text("The payment did not go through.")
    expect(page.locator("#order-live")).to_contain_text("card declined")
    page.locator("input[value=pm_card_visa]").check()
    page.get_by_role("button", name="Retry payment").click()
    expect(page.locator("#messages")).to_contain_text("We are retrying the payment.")
    expect(status(page)).to_have_attribute("data-status", SHIPPED)
    expect(page.get_by_role("button", name="Retry payment")).to_have_count(0)


def test_a_double_click_places_one_order(stack, visit):
    page, email = visit("/"), new_email()
    fill_basket(page)
    fill_checkout(page, email=email)
    page.get_by_role("button", name="Place order").dblclick()
    shown = number(page)
    expect(status(page)).to_have_attribute("data-status", SHIPPED)
    with stack.db():
        assert [order.number for order in Order.objects.using(stack.alias).filter(email=email)] == [shown]


def test_checkout_works_without_javascript(visit):
    page = visit("/", java_script_enabled=False)
    fill_basket(page)
    fill_checkout(page, email=new_email())
    place_order(page)
    again = page.get_by_role("link", name="Reload this page to see what is new.")
    while status(page).get_attribute("data-status") != "delivered":
        again.click()
    expect(again).to_have_count(0)


def test_an_order_is_cancelled_on_its_page(visit):
    page = visit("/")
    buy(page, method="pm_slow_5")
    page.get_by_text("Cancel order", exact=True).click()
    page.get_by_role("button", name="Yes, cancel order").click()
    expect(page.locator("#messages")).to_contain_text("Your order is cancelled.")
    expect(page.locator("#timeline li[data-event=cancelled]")).to_have_count(1)
    expect(page.get_by_text("Cancel order", exact=True)).to_have_count(0)


def test_an_order_cancelled_before_its_parcel_is_booked_is_not_charged(visit):
    page = visit("/")
    buy(page, city="Nowhere")
    expect(page.locator("#timeline")).to_contain_text("The carrier did not answer; retrying at")
    page.get_by_text("Cancel order", exact=True).click()
    page.get_by_role("button", name="Yes, cancel order").click()
    expect(status(page)).to_have_attribute("data-status", "cancelled")
    expect(page.locator("#timeline li[data-event=cancelled]")).to_have_count(1)
    expect(page.locator("#timeline")).not_to_contain_text("Refund")
    expect(page.locator("main")).to_contain_text("If your bank has reserved the amount, it is released")


def test_the_back_button_does_not_place_a_second_order(stack, visit):
    page, email = visit("/"), new_email()
    fill_basket(page)
    fill_checkout(page, email=email)
    place_order(page)
    page.go_back()
    expect(page.locator("main")).to_contain_text("Your basket is empty")
    with stack.db():
        assert Order.objects.using(stack.alias).filter(email=email).count() == 1


def test_a_shopper_signs_in_at_checkout_downloads_the_invoice_and_orders_again(visit):
    page = visit("/")
    fill_basket(page)
    page.get_by_role("link", name="Go to checkout").click()
    page.get_by_role("link", name="Sign in to use your saved addresses").click()
    sign_in(page, name="shopper")
    fill_form(page, email=new_email())
    shown = place_order(page)
    expect(status(page)).to_have_attribute("data-status", SHIPPED)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download invoice (PDF)").click()
    assert re.fullmatch(r"invoice-\d{4}-\d{6}\.pdf", download.value.suggested_filename)
    page.get_by_role("button", name="Order again").click()
    expect(page.locator("#messages")).to_contain_text("1 item is in your basket.")
    page.get_by_role("button", name="Remove").first.click()
    page.get_by_role("button", name="Put it back").click()
    expect(page.get_by_role("link", name="Go to checkout")).to_be_visible()
    page.get_by_role("banner").get_by_role("link", name="Account").click()
    expect(page.locator("main")).to_contain_text(shown)
