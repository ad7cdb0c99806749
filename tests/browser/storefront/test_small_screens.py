"""Small screens: no page scrolls sideways on a 320 px phone."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser import ONE_BACKEND
from tests.browser.steps import buy, fill_basket, fill_checkout, new_email, place_order, sign_in, status

pytestmark = ONE_BACKEND

PHONE: ViewportSize = {"width": 320, "height": 640}


def assert_fits(page: Page) -> None:
    page.wait_for_load_state()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"], f"{page.url} is {wide} px wide"


def test_the_purchase_pages_fit_a_small_phone(visit):
    page = visit("/", viewport=PHONE)
    assert_fits(page)
    page.get_by_role("listitem").get_by_role("heading").first.click()
    assert_fits(page)
    fill_basket(page)
    assert_fits(page)
    fill_checkout(page, email=new_email(), method="pm_card_declined")
    assert_fits(page)
    place_order(page)
    expect(status(page)).to_have_attribute("data-status", "payment_failed")
    assert_fits(page)


@pytest.mark.parametrize("path", ["/categories/sound/", "/search/?q=a", "/search/?q=nothing-like-that"])
def test_other_pages_fit_a_small_phone(visit, path):
    assert_fits(visit(path, viewport=PHONE))


def test_account_and_failed_tasks_fit_a_small_phone(visit):
    page = visit("/", viewport=PHONE)
    buy(page, method="pm_bug")
    expect(status(page)).to_contain_text("Our team is looking into it")
    page.goto("/account/login/")
    assert_fits(page)
    sign_in(page, name="operator")
    assert_fits(page)
    page.goto("/admin/operations/failedtask/")
    assert_fits(page)
    page.locator("#result_list").get_by_role("link", name="RuntimeError").first.click()
    assert_fits(page)
