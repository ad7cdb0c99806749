"""Does an operator mend an order's way in a real browser, and does the shopper read of it?"""

from playwright.sync_api import Page, expect

from tests.browser import ONE_BACKEND
from tests.browser.shopper import SHIPPED, buy, status
from tests.browser.test_operating import sign_in
from tests.quality.checks import axe_findings

pytestmark = ONE_BACKEND


def faults(page: Page) -> list[str]:
    """What axe-core finds in light and dark, and whether the page scrolls sideways on a narrow screen."""
    found = [fault for scheme in ("light", "dark") for fault in axe_findings(page, scheme=scheme)]
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": 360, "height": 780})
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(size)
    return [*found, f"{wide} px wide on a screen of 360 px"] if wide > 360 else found


def parcels_of(operator: Page, number: str) -> None:
    operator.goto(f"/admin/orders/order/?q={number}")
    operator.locator("#result_list tbody th a").first.click()
    operator.get_by_role("link", name="Parcels").click()


def test_a_lost_parcel_is_sent_again(visit):
    shopper = visit("/")
    number = buy(shopper, city="Lostville")
    expect(status(shopper)).to_contain_text("The carrier has lost your parcel.")
    expect(shopper.locator("#parcel-steps")).to_contain_text("Lost")
    operator = visit("/account/login/?next=/admin/shipping/shipment/?waits=yes")
    sign_in(operator, name="operator")
    expect(operator.locator("#result_list")).to_contain_text(number)
    parcels_of(operator, number)
    expect(operator.get_by_role("heading", name="The parcel is lost: what now?")).to_be_visible()
    assert faults(operator) == []
    operator.get_by_label("City").fill("York")
    operator.get_by_role("button", name="Send another parcel").click()
    expect(operator.get_by_text("Another parcel is being booked.")).to_be_visible()
    expect(status(shopper)).to_have_attribute("data-status", SHIPPED)
    expect(shopper.locator("#timeline")).to_contain_text("We are sending another parcel")
    operator.reload()
    expect(operator.get_by_text("another one was sent")).to_be_visible()
    assert faults(operator) == []


def test_a_rejected_address_is_corrected(visit):
    shopper = visit("/")
    number = buy(shopper, city="Rejectford")
    expect(status(shopper)).to_contain_text("The carrier cannot deliver to your address.")
    operator = visit("/account/login/?next=/admin/")
    sign_in(operator, name="operator")
    parcels_of(operator, number)
    assert faults(operator) == []
    operator.get_by_label("City").fill("York")
    operator.get_by_role("button", name="Correct the address").click()
    expect(operator.get_by_text("The address is corrected")).to_be_visible()
    expect(status(shopper)).to_have_attribute("data-status", SHIPPED)
    operator.reload()
    with operator.expect_download() as label:
        operator.get_by_role("link", name="Label").click()
    assert label.value.suggested_filename.startswith("label-SP")
