"""Queues page and order passport: an operator pauses and resumes a queue."""

import re

from playwright.sync_api import expect

from tests.browser import ONE_BACKEND
from tests.browser.steps import SHIPPED, buy, sign_in, status

pytestmark = ONE_BACKEND


def test_a_page_that_refreshes_itself_asks_for_the_password_when_the_session_has_ended(visit):
    """The answer of the poll is the login page, which is not part of this one."""
    operator = visit("/account/login/?next=/admin/operations/queues/")
    sign_in(operator, name="operator")
    expect(operator.locator("[hx-get]")).to_be_visible()
    operator.context.clear_cookies(name="sessionid")
    expect(operator).to_have_url(re.compile(r"/login/\?next=/admin/operations/queues/"))
    expect(operator.locator("#id_password")).to_have_count(1)


def test_an_order_waits_for_a_paused_queue_and_its_passport_shows_it(visit):
    operator = visit("/account/login/?next=/admin/operations/queues/")
    sign_in(operator, name="operator")
    operator.get_by_role("link", name="Pause queue shipping").click()
    operator.get_by_label("Reason").fill("requested by the carrier")
    operator.get_by_role("button", name="Pause queue", exact=True).click()
    card = operator.locator("#queue-shipping")
    expect(card).to_contain_text("requested by the carrier")
    try:
        shopper = visit("/")
        order = buy(shopper)
        expect(status(shopper)).to_have_attribute("data-status", "paid")
        expect(operator.locator("tr", has_text="shipping").get_by_role("cell").nth(1)).not_to_have_text("0")
    finally:
        operator.get_by_role("button", name="Resume queue shipping").click()
        expect(operator.get_by_text("Queue shipping resumed.")).to_be_visible()
    expect(status(shopper)).to_have_attribute("data-status", SHIPPED)

    operator.goto(f"/admin/orders/order/?q={order}")
    operator.locator("#result_list tbody th a").first.click()
    operator.get_by_role("link", name="Passport").click()
    row = operator.locator(".passport-row", has_text="shipping.create_shipment")
    expect(row.locator("rect.phase-work")).to_have_count(1)
    expect(operator.locator("#content")).to_contain_text("Queue shipping was paused by operator")
    expect(operator.locator("#content")).to_contain_text("✓ matches")
