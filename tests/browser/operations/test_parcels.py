"""Parcels page: an operator resends a lost parcel and corrects a rejected address."""

from playwright.sync_api import Page, expect

from tests.browser import ONE_BACKEND
from tests.browser.steps import SHIPPED, buy, sign_in, status
from tests.quality.checks import page_findings

pytestmark = ONE_BACKEND


def open_parcels(operator: Page, number: str) -> None:
    operator.goto(f"/admin/orders/order/?q={number}")
    operator.locator("#result_list tbody th a").first.click()
    operator.get_by_role("link", name="Parcels").click()


def test_a_lost_parcel_is_replaced(visit):
    shopper = visit("/")
    number = buy(shopper, city="Lostville")
    expect(status(shopper)).to_contain_text("The carrier has lost your parcel.")
    expect(shopper.locator("#parcel-steps")).to_contain_text("Lost")
    operator = visit("/account/login/?next=/admin/shipping/shipment/?needs_attention=yes")
    sign_in(operator, name="operator")
    expect(operator.locator("#result_list")).to_contain_text(number)
    open_parcels(operator, number)
    expect(operator.get_by_role("heading", name="Parcel lost: choose what to do")).to_be_visible()
    assert page_findings(operator) == []
    operator.get_by_label("City").fill("York")
    operator.get_by_role("button", name="Send replacement parcel").click()
    expect(operator.get_by_text("A replacement parcel is being booked.")).to_be_visible()
    expect(status(shopper)).to_have_attribute("data-status", SHIPPED)
    expect(shopper.locator("#timeline")).to_contain_text("We are sending another parcel")
    operator.reload()
    expect(operator.get_by_text("(replaced)")).to_be_visible()
    assert page_findings(operator) == []


def test_a_rejected_address_is_corrected(visit):
    shopper = visit("/")
    number = buy(shopper, city="Rejectford")
    expect(status(shopper)).to_contain_text("The carrier cannot deliver to your address.")
    operator = visit("/account/login/?next=/admin/")
    sign_in(operator, name="operator")
    open_parcels(operator, number)
    assert page_findings(operator) == []
    operator.get_by_label("City").fill("York")
    operator.get_by_role("button", name="Correct address").click()
    expect(operator.get_by_text("Address corrected")).to_be_visible()
    expect(status(shopper)).to_have_attribute("data-status", SHIPPED)
    operator.reload()
    with operator.expect_download() as label:
        operator.get_by_role("link", name="Label").click()
    assert label.value.suggested_filename.startswith("label-SP")
