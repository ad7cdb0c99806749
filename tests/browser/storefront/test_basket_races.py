"""Basket: two changes at once whose answers come in the other order. `visit` fails if htmx reports an error."""

from playwright.sync_api import Locator, Page, expect

from tests.browser import ONE_BACKEND
from tests.browser.storefront.held import hold

pytestmark = ONE_BACKEND


def quantity(page: Page, line: int) -> Locator:
    return page.locator("#basket input[name=quantity]:visible").nth(line)


def test_two_changes_at_once_are_both_shown_whichever_answer_comes_first(visit):
    page = visit("/")
    for path in ("/products/studio-guitar/", "/products/aurora-headphones/"):
        page.goto(path)
        page.get_by_role("button", name="Add to basket", exact=True).click()
        expect(page.locator("#messages")).to_contain_text("is in your basket")
    page.goto("/basket/")
    answer = hold(page, "**/basket/change/", ask=lambda: change(page, 0, "2"))
    with page.expect_response("**/basket/change/"):
        change(page, 1, "3")
    expect(page.get_by_role("banner").get_by_role("link", name="Basket")).to_contain_text("5")
    answer()
    expect(quantity(page, 0)).to_have_value("2")
    expect(quantity(page, 1)).to_have_value("3")


def change(page: Page, line: int, to: str) -> None:
    quantity(page, line).fill(to)
    quantity(page, line).blur()
