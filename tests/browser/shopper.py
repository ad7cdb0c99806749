"""Which steps does a shopper take on the pages, with and without scripts?"""

import re
import secrets

from playwright.sync_api import Locator, Page, expect

SHIPPED = re.compile("^(shipped|delivered)$")
_ADDRESS = {
    "Full name": "Sam Shopper",
    "Street and number": "1 Station Road",
    "Postcode": "YO1 6GA",
}


def new_email() -> str:
    """An address that no other order has."""
    return f"sam-{secrets.token_hex(4)}@example.com"


def fill_basket(page: Page) -> None:
    """From the front page by a product's page to the basket."""
    page.get_by_role("listitem").filter(has=page.locator("button:enabled")).get_by_role("link").first.click()
    page.get_by_role("button", name="Add to basket", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("is in your basket")
    page.get_by_role("banner").get_by_role("link", name="Basket").click()


def fill_checkout(
    page: Page, *, email: str, method: str = "pm_card_visa", shipping: str = "standard", city: str = "York"
) -> None:
    """From the basket to the filled form, which is not sent yet."""
    page.get_by_role("link", name="Go to checkout").click()
    fill_form(page, email=email, city=city)
    page.locator(f"input[value={shipping}]").check()
    page.locator(f"input[value={method}]").check()


def fill_form(page: Page, *, email: str, city: str = "York") -> None:
    """The checkout's fields; a saved address is not taken."""
    page.get_by_label("E-mail").fill(email)
    if page.get_by_label("Use a different address").count():
        page.get_by_label("Use a different address").check()
    for label, value in (_ADDRESS | {"City": city}).items():
        page.get_by_label(label).fill(value)
    page.get_by_label("Country").select_option("GB")


def place_order(page: Page) -> str:
    """Sends the form; the order's number."""
    page.get_by_role("button", name="Place order").click()
    return number(page)


def buy(page: Page, *, method: str = "pm_card_visa", shipping: str = "standard", city: str = "York") -> str:
    """All steps from the front page to the order's page; the order's number."""
    fill_basket(page)
    fill_checkout(page, email=new_email(), method=method, shipping=shipping, city=city)
    return place_order(page)


def number(page: Page) -> str:
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile(r"Order \S+"))
    return heading.inner_text().split()[-1]


def status(page: Page) -> Locator:
    """Carries the order's status as `data-status`."""
    return page.locator("#order-live [data-status]")
