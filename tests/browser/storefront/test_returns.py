"""A return in the browser, on a desk and on a phone: asked for, labelled, received by an operator, refunded."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser import ONE_BACKEND
from tests.browser.steps import fill_basket, fill_checkout, new_email, place_order, sign_in, status
from tests.quality.checks import page_findings

pytestmark = ONE_BACKEND

DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
#: A folder for screenshots in light and dark, for whoever wants to look at the pages.
SCREENSHOTS = os.environ.get("CONVEYOR_SCREENSHOTS", "")


def assert_fits(page: Page, screen: ViewportSize) -> None:
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= screen["width"], page.url
    assert page_findings(page) == []


def look(page: Page, name: str) -> None:
    for scheme in ("light", "dark") if SCREENSHOTS else ():
        page.emulate_media(color_scheme=scheme)
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
def test_a_guest_finds_the_order_returns_it_and_is_refunded(visit, screen):
    page, email = visit("/", viewport=screen), new_email()
    fill_basket(page)
    fill_checkout(page, email=email)
    number = place_order(page)
    expect(status(page)).to_have_attribute("data-status", "delivered")

    page.context.clear_cookies()
    find_as_guest(page, number, email, screen)
    page.get_by_role("link", name="Return items").click()
    assert_fits(page, screen)
    page.get_by_role("button", name="Request return").click()
    expect(page.get_by_label("Reason")).to_be_focused()  # required
    page.get_by_label("Reason").select_option("damaged")
    page.get_by_role("button", name="Request return").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose at least one item")
    look(page, "ask")
    page.locator("fieldset select").first.select_option("1")
    page.get_by_role("button", name="Request return").click()
    expect(page.locator("#messages")).to_contain_text("e-mailing you how to send the items back")
    expect(page.get_by_role("link", name="Download return label")).to_be_visible()
    assert_fits(page, screen)
    look(page, "requested")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download return label").click()
    assert download.value.suggested_filename == f"return-{number}-R1.pdf"

    receive(visit("/account/login/", viewport=screen), number)
    expect(page.locator("[data-return]")).to_have_attribute("data-return", re.compile("requested|refunded"))
    page.reload()
    expect(page.locator("[data-return=refunded]")).to_contain_text("refunded.")
    expect(status(page)).to_have_attribute("data-status", "refunded")
    look(page, "refunded")


def find_as_guest(page: Page, number: str, email: str, screen: ViewportSize) -> None:
    page.goto("/")
    page.get_by_role("contentinfo").get_by_role("link", name="Find your order").click()
    page.get_by_label("Order number").fill("CV-00000-00000")
    page.get_by_label("E-mail").fill(email)
    look(page, "find")
    page.get_by_role("button", name="Find order").click()
    expect(page.get_by_role("alert")).to_contain_text("We found no order")
    assert_fits(page, screen)
    page.get_by_label("Order number").fill(number.lower().replace("-", " "))
    page.get_by_role("button", name="Find order").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Order {number}")


def receive(operator: Page, number: str) -> None:
    sign_in(operator, name="operator")
    operator.goto(f"/admin/shop/return/?q={number}-R1")
    operator.get_by_role("link", name=f"{number}-R1").click()
    expect(operator.get_by_role("heading", name=f"Return {number}-R1: requested")).to_be_visible()
    assert page_findings(operator) == []
    look(operator, "receive")
    operator.get_by_role("button", name="Receive return").click()
    expect(operator.locator(".messagelist")).to_contain_text("received. Refund of")
    look(operator, "received")
