"""Small screens: no page scrolls sideways on a 320 px phone."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser import ONE_BACKEND
from tests.browser.steps import buy, fill_basket, fill_checkout, new_email, place_order, sign_in, status

pytestmark = ONE_BACKEND

PHONE: ViewportSize = {"width": 320, "height": 640}


#: How many lines the word is on.
LINES_OF = """(element, word) => {
    const text = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode()
    const range = document.createRange()
    range.setStart(text, text.data.indexOf(word))
    range.setEnd(text, text.data.indexOf(word) + word.length)
    return new Set([...range.getClientRects()].map((box) => box.top)).size
}"""


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


def test_no_word_of_an_order_s_way_is_broken_on_a_small_phone(visit):
    page = visit("/", viewport=PHONE)
    fill_basket(page)
    fill_checkout(page, email=new_email(), method="pm_card_declined")
    place_order(page)
    expect(status(page)).to_have_attribute("data-status", "payment_failed")
    page.get_by_role("button", name="Deutsch").click()
    label = page.locator(".station-label", has_text="fehlgeschlagen")
    assert label.evaluate(LINES_OF, "fehlgeschlagen") == 1
    note = page.locator(".station-note").last
    note.evaluate("element => { element.textContent = 'zurückgekommen' }")
    assert note.evaluate(LINES_OF, "zurückgekommen") == 1
    assert_fits(page)


def test_the_queues_page_says_whole_what_its_tables_are_on_a_small_phone(visit):
    page = visit("/account/login/?next=/admin/operations/queues/", viewport=PHONE)
    sign_in(page, name="operator")
    captions = page.locator(".queues-table caption")
    expect(captions).to_have_count(2)
    for caption in captions.all():
        box = caption.bounding_box()
        assert box["x"] + box["width"] <= PHONE["width"]
    assert_fits(page)


def test_a_command_within_a_sentence_is_not_broken_at_its_hyphens(visit):
    page = visit("/account/login/?next=/admin/shop/fault/")
    sign_in(page, name="admin")
    command = page.locator("code", has_text="gameday --list")
    expect(command).to_be_visible()
    for width in range(320, 1000, 20):
        page.set_viewport_size({"width": width, "height": 640})
        assert command.evaluate(LINES_OF, "manage.py gameday --list") == 1, f"at {width} px"


def test_an_order_number_in_a_sentence_is_not_broken_on_a_small_phone(visit):
    page = visit("/orders/find/", viewport=PHONE)
    number = page.locator("#id_number_helptext span")
    assert number.evaluate(LINES_OF, number.inner_text()) == 1
