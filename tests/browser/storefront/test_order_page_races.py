"""Order page: a poll and a form whose answers come in the other order.

`visit` fails the test if htmx reports an error.
"""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import ONE_BACKEND
from tests.browser.steps import SHIPPED, buy, status
from tests.browser.storefront.held import hold

pytestmark = ONE_BACKEND
RETRYING = "We are retrying the payment."


@pytest.fixture
def page(visit) -> Page:
    page = visit("/")
    buy(page, method="pm_card_declined")
    expect(status(page)).to_have_attribute("data-status", "payment_failed")
    page.locator("input[value=pm_card_visa]").check()
    return page


def poll(page: Page) -> None:
    """What the page does when its tab is shown again."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def press_retry(page: Page) -> None:
    page.get_by_role("button", name="Retry payment").click()


def test_a_poll_that_is_answered_after_a_form_changes_nothing(page):
    answer = hold(page, "**/live/", ask=lambda: poll(page))
    press_retry(page)
    expect(page.locator("#messages")).to_contain_text(RETRYING)
    with page.expect_response("**/live/"):
        answer()
    expect(page.locator("#messages")).to_contain_text(RETRYING)
    expect(status(page)).to_have_attribute("data-status", SHIPPED)


def test_a_form_that_is_answered_after_a_poll_shows_its_message(page):
    answer = hold(page, "**/pay/", ask=lambda: press_retry(page))
    with page.expect_response("**/live/"):
        poll(page)
    answer()
    expect(page.locator("#messages")).to_contain_text(RETRYING)
    expect(status(page)).to_have_attribute("data-status", SHIPPED)
