"""Does a person in the stockroom restock and count in a real browser, on pages that everybody can use?"""

from playwright.sync_api import Page, expect

from tests.browser import ONE_BACKEND
from tests.browser.test_operating import sign_in
from tests.quality.checks import axe_findings

pytestmark = ONE_BACKEND
LOW = "/admin/shop/lowstock/"


def faults(page: Page) -> list[str]:
    """What axe-core finds in light and dark, and whether the page scrolls sideways on a narrow screen."""
    found = [fault for scheme in ("light", "dark") for fault in axe_findings(page, scheme=scheme)]
    size = page.viewport_size
    page.set_viewport_size({"width": 360, "height": 780})
    wide = page.evaluate("document.documentElement.scrollWidth")
    found += [f"{wide} px wide on a screen of 360 px"] if wide > 360 else []
    assert size is not None
    page.set_viewport_size(size)
    return found


def test_goods_that_run_low_are_restocked_and_one_of_them_counted(visit):
    page = visit(f"/account/login/?next={LOW}")
    sign_in(page, name="operator")
    expect(page.get_by_role("heading", name="Low stock")).to_be_visible()
    assert faults(page) == []
    before = page.locator(".stockroom-table tbody tr").count()
    assert before > 1
    row = page.locator(".stockroom-table tbody tr").first
    name = row.get_by_role("link").inner_text()
    product = row.get_by_role("link").get_attribute("href")
    row.get_by_label("received").fill("40")
    page.get_by_role("button", name="Add to stock").click()
    expect(page.get_by_text("1 product restocked.")).to_be_visible()
    expect(page.locator(".stockroom-table tbody tr")).to_have_count(before - 1)

    page.goto(product)
    expect(page.get_by_role("heading", name=f"Stock of {name}")).to_be_visible()
    assert faults(page) == []
    page.get_by_label("Pieces counted").fill("38")
    page.get_by_label("Reason").fill("two were broken")
    page.get_by_role("button", name="Correct stock").click()
    expect(page.get_by_text("Stock corrected by")).to_be_visible()
    expect(page.locator(".stockroom-table tbody tr").first).to_contain_text("two were broken")
    page.get_by_role("link", name="Change history").click()
    expect(page.locator("#change-history")).to_contain_text("two were broken")
