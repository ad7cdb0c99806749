"""Stock pages: restocking and correcting a count, accessible and fit for small screens."""

from playwright.sync_api import expect

from tests.browser import ONE_BACKEND
from tests.browser.steps import sign_in
from tests.quality.checks import page_findings

pytestmark = ONE_BACKEND
LOW = "/admin/shop/lowstock/"


def test_low_stock_is_restocked_and_a_count_corrected(visit):
    page = visit(f"/account/login/?next={LOW}")
    sign_in(page, name="operator")
    expect(page.get_by_role("heading", name="Low stock")).to_be_visible()
    assert page_findings(page) == []
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
    assert page_findings(page) == []
    page.get_by_label("Pieces counted").fill("38")
    page.get_by_label("Reason").fill("two were broken")
    page.get_by_role("button", name="Correct stock").click()
    expect(page.get_by_text("Stock corrected by")).to_be_visible()
    expect(page.locator(".stockroom-table tbody tr").first).to_contain_text("two were broken")
    page.get_by_role("link", name="Change history").click()
    expect(page.locator("#change-history")).to_contain_text("two were broken")
