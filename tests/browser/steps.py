"""Steps of shoppers and operators on the pages, with and without JavaScript."""

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
    """An e-mail address that no other order uses."""
    return f"sam-{secrets.token_hex(4)}@example.com"


def fill_basket(page: Page) -> None:
    """From the home page via a product page to the basket."""
    page.get_by_role("listitem").filter(has=page.locator("button:enabled")).get_by_role("link").first.click()
    page.get_by_role("button", name="Add to basket", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("is in your basket")
    page.get_by_role("banner").get_by_role("link", name="Basket").click()


def fill_checkout(
    page: Page, *, email: str, method: str = "pm_card_visa", shipping: str = "standard", city: str = "York"
) -> None:
    """From the basket to the completed checkout form, without submitting it."""
    page.get_by_role("link", name="Go to checkout").click()
    fill_form(page, email=email, city=city)
    page.locator(f"input[value={shipping}]").check()
    page.locator(f"input[value={method}]").check()


def fill_form(page: Page, *, email: str, city: str = "York") -> None:
    """Fill in the checkout form with a new address."""
    page.get_by_label("E-mail").fill(email)
    page.wait_for_load_state()  # what is counted on a part of the page may be missing
    if page.get_by_label("Use a different address").count():
        page.get_by_label("Use a different address").check()
    for label, value in (_ADDRESS | {"City": city}).items():
        page.get_by_label(label).fill(value)
    page.get_by_label("Country").select_option("GB")


def place_order(page: Page) -> str:
    """Submit the form; return the order's number."""
    page.get_by_role("button", name="Place order").click()
    return number(page)


def buy(page: Page, *, method: str = "pm_card_visa", shipping: str = "standard", city: str = "York") -> str:
    """All steps from the home page to the order page; return the order's number."""
    fill_basket(page)
    fill_checkout(page, email=new_email(), method=method, shipping=shipping, city=city)
    return place_order(page)


def number(page: Page) -> str:
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile(r"Order \S+"))
    return heading.inner_text().split()[-1]


def status(page: Page) -> Locator:
    """The element with the order's status as `data-status`."""
    return page.locator("#order-live [data-status]")


def sign_in(page: Page, *, name: str, password: str = "") -> None:
    """Fill in the login page. Demo users have their name as password."""
    page.get_by_label("E-mail or user name").fill(name)
    page.get_by_label("Password").fill(password or name)
    page.get_by_role("button", name="Sign in").click()
