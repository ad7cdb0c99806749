"""Does an operator pause a queue, let it go on, and read an order's passport in a real browser?"""

from playwright.sync_api import expect

from tests.browser import ONE_BACKEND
from tests.browser.shopper import SHIPPED, buy, status
from tests.browser.test_operating import sign_in

pytestmark = ONE_BACKEND


def test_an_order_waits_for_a_paused_queue_and_its_passport_tells_it(visit):
    operator = visit("/account/login/?next=/admin/operations/queues/")
    sign_in(operator, name="operator")
    operator.get_by_role("link", name="Pause shipping…").click()
    operator.get_by_label("Reason").fill("the carrier asked")
    operator.get_by_role("button", name="Pause", exact=True).click()
    card = operator.locator("#queue-shipping")
    expect(card).to_contain_text("the carrier asked")
    try:
        shopper = visit("/")
        order = buy(shopper)
        expect(status(shopper)).to_have_attribute("data-status", "paid")
        expect(operator.locator("tr", has_text="shipping").get_by_role("cell").nth(1)).not_to_have_text("0")
    finally:
        operator.get_by_role("button", name="Resume shipping").click()
        expect(operator.get_by_text("shipping goes on.")).to_be_visible()
    expect(status(shopper)).to_have_attribute("data-status", SHIPPED)

    operator.goto(f"/admin/orders/order/?q={order}")
    operator.locator("#result_list tbody th a").first.click()
    operator.get_by_role("link", name="Passport").click()
    row = operator.locator(".passport-row", has_text="shipping.create_shipment")
    expect(row.locator("rect.phase-work")).to_have_count(1)
    expect(operator.locator("#content")).to_contain_text("The queue shipping was paused by operator")
    expect(operator.locator("#content")).to_contain_text("agrees")
