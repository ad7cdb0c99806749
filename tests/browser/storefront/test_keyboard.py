"""Keyboard navigation: a purchase without a mouse."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser import ONE_BACKEND
from tests.browser.steps import SHIPPED, new_email, status

pytestmark = ONE_BACKEND

_MAX_STEPS = 150


def focus(page: Page, target: Locator, *, key: str = "Tab") -> None:
    for _step in range(_MAX_STEPS):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} never reaches {target}.")


def fill(page: Page, label: str, value: str) -> None:
    focus(page, page.get_by_label(label))
    page.keyboard.type(value)


def test_a_purchase_with_the_keyboard_alone(visit):
    page = visit("/")
    focus(page, page.locator("form[action='/basket/add/'] button:enabled").first)
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("is in your basket")
    focus(page, page.get_by_role("banner").get_by_role("link", name="Basket"), key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/basket/$"))
    focus(page, page.get_by_role("link", name="Go to checkout"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Checkout")
    fill(page, "E-mail", new_email())
    fill(page, "Full name", "Kay Board")
    fill(page, "Street and number", "1 Station Road")
    fill(page, "Postcode", "YO1 6GA")
    fill(page, "City", "York")
    fill(page, "Country", "United Kingdom")
    focus(page, page.locator("input[name=shipping_method]:checked"))
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[value=express]")).to_be_checked()
    focus(page, page.locator("input[name=payment_method]:checked"))
    page.keyboard.press("Space")
    focus(page, page.get_by_role("button", name="Place order"))
    page.keyboard.press("Enter")
    expect(status(page)).to_have_attribute("data-status", SHIPPED)
    focus(page, page.get_by_role("link", name="Download invoice (PDF)"))
