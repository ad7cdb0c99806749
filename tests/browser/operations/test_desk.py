"""The desk by keyboard, its filters and saved filters, its sidebar."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import ONE_BACKEND
from tests.browser.steps import buy, sign_in

pytestmark = ONE_BACKEND
LIST = "/admin/operations/failedtask/"
ROWS = "#result_list tbody tr"
#: How much wider the hint of an empty field is than its room.
MISSING = """(field) => {
    const style = getComputedStyle(field)
    const pen = document.createElement("canvas").getContext("2d")
    pen.font = style.font
    return pen.measureText(field.placeholder).width
        + parseFloat(style.paddingLeft) + parseFloat(style.paddingRight) - field.clientWidth
}"""


@pytest.fixture
def desk(stack, visit) -> Page:
    """An operator on a list with two failed tasks at least."""
    token = stack.token()
    for _number in range(2):
        stack.order(payment_method="pm_bug")
    stack.wait_for(
        lambda: stack.api("GET", "failed-tasks/?error=RuntimeError", token=token)[1]["count"] >= 2,
        what="two tasks are dead",
    )
    page = visit(f"/account/login/?next={LIST}")
    sign_in(page, name="operator")
    expect(page.locator(ROWS).nth(1)).to_be_visible()
    page.wait_for_load_state("domcontentloaded")
    return page


def row_link(page: Page, number: int):
    return page.locator(ROWS).nth(number).locator("th a")


def test_keys_move_through_rows_and_open_one(desk):
    address = row_link(desk, 1).get_attribute("href")
    for key in "jjkj":
        desk.keyboard.press(key)
    expect(row_link(desk, 1)).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk).to_have_url(re.compile(re.escape(address.partition("?")[0])))


def test_discard_leads_from_a_row_to_its_confirmation(desk):
    desk.keyboard.press("j")
    desk.keyboard.press("d")
    expect(desk).to_have_url(re.compile("/discard/$"))
    expect(desk.get_by_label("Reason")).to_be_visible()
    expect(desk.get_by_role("button", name="Discard task")).to_be_visible()


def test_retry_leads_from_a_row_to_the_button_and_does_not_press_it(desk):
    desk.keyboard.press("j")
    desk.keyboard.press("r")
    expect(desk).to_have_url(re.compile("/change/"))
    expect(desk.get_by_role("button", name="Retry task")).to_be_focused()
    desk.reload()
    expect(desk.locator(".desk-state").first).to_have_attribute("data-state", "dead")


def test_keys_work_on_the_page_of_a_failure(desk):
    row_link(desk, 0).click()
    expect(desk.locator(".desk-sentence")).to_be_visible()
    desk.keyboard.press("r")
    expect(desk.get_by_role("button", name="Retry task")).to_be_focused()
    desk.keyboard.press("d")
    expect(desk).to_have_url(re.compile("/discard/$"))


def test_keys_work_on_the_page_of_a_message(desk):
    id_ = re.search(r"/failedtask/([\w-]+)/change/", row_link(desk, 0).get_attribute("href"))[1]
    desk.goto(f"/admin/messaging/message/?q={id_}")
    desk.keyboard.press("j")
    desk.keyboard.press("r")
    expect(desk).to_have_url(re.compile("/messaging/message/.*/change/"))
    expect(desk.get_by_role("button", name="Retry task")).to_be_focused()
    desk.keyboard.press("d")
    expect(desk).to_have_url(re.compile("/discard/$"))


def test_keys_work_on_groups_and_messages(desk):
    for path in ("/admin/operations/failuregroup/", "/admin/messaging/message/"):
        desk.goto(path)
        desk.keyboard.press("j")
        expect(row_link(desk, 0)).to_be_focused()


def test_retry_of_a_group_leads_to_its_bulk_retry(desk):
    desk.goto("/admin/operations/failuregroup/")
    desk.keyboard.press("j")
    desk.keyboard.press("r")
    expect(desk).to_have_url(re.compile(r"/bulkoperation/new/\?group="))


def test_keys_are_text_in_a_field(desk):
    desk.keyboard.press("/")
    expect(desk.locator("#searchbar")).to_be_focused()
    desk.keyboard.type("jdr?/")
    expect(desk.locator("#searchbar")).to_have_value("jdr?/")
    expect(desk).to_have_url(re.compile(f"{LIST}$"))


def test_a_key_that_is_pressed_before_the_page_is_parsed_does_nothing(desk):
    """`visit` fails if it causes an error in the browser."""
    desk.add_init_script("""
        const listen = document.addEventListener;
        document.addEventListener = (kind, ...rest) => {
            listen.call(document, kind, ...rest);
            const pressed = new KeyboardEvent("keydown", { key: "?", bubbles: true });
            if (kind !== "keydown" || document.readyState !== "loading") return;
            document.documentElement.dispatchEvent(pressed);
        };
    """)
    desk.reload()
    expect(desk.locator(ROWS).nth(1)).to_be_visible()
    expect(desk.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()


def test_a_question_mark_shows_the_keys(desk):
    desk.keyboard.press("?")
    keys = desk.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_be_visible()
    desk.keyboard.press("d")
    expect(desk).to_have_url(re.compile(f"{LIST}$"))
    desk.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    desk.keyboard.press("?")
    keys.get_by_role("button", name="Close").click()
    expect(keys).to_be_hidden()


def test_a_filter_is_saved_used_and_deleted(desk):
    desk.locator("#changelist-filter summary", has_text="Queue").click()
    desk.locator("#changelist-filter").get_by_role("link", name=re.compile("^payments")).click()
    expect(desk).to_have_url(re.compile("queue=payments"))
    desk.get_by_text("Save filter").first.click()
    desk.get_by_label("Name").fill("charges")
    desk.get_by_role("button", name="Save filter").click()
    expect(desk.get_by_text("Filter saved.")).to_be_visible()
    desk.goto(LIST)
    desk.get_by_role("link", name="charges").click()
    expect(desk).to_have_url(re.compile(r"\?queue=payments$"))
    desk.get_by_role("button", name="Delete filter charges").click()
    expect(desk.get_by_text("Filter deleted.")).to_be_visible()
    expect(desk.get_by_role("link", name="charges")).to_have_count(0)


def test_an_open_filter_closes(desk):
    queue = desk.locator("#changelist-filter details", has_text="Queue")
    for close in (lambda: desk.keyboard.press("Escape"), lambda: desk.locator("h1").click()):
        queue.locator("summary").click()
        expect(queue).to_have_attribute("open", "")
        close()
        expect(queue).not_to_have_attribute("open", "")


def test_a_closed_sidebar_stays_closed(desk):
    sidebar = desk.locator("#nav-sidebar")
    expect(sidebar).to_be_visible()
    desk.get_by_role("button", name="Toggle navigation").click()
    expect(sidebar).to_be_hidden()
    desk.reload()
    expect(sidebar).to_be_hidden()
    desk.get_by_role("button", name="Toggle navigation").click()
    expect(sidebar).to_be_visible()


def test_the_switch_overrides_the_systems_scheme(desk):
    def paper() -> str:
        return desk.evaluate("getComputedStyle(document.body).backgroundColor")

    desk.emulate_media(color_scheme="light")
    light = paper()
    desk.emulate_media(color_scheme="dark")
    dark = paper()
    assert light != dark
    desk.evaluate("document.documentElement.dataset.theme = 'light'")
    assert paper() == light
    desk.emulate_media(color_scheme="light")
    desk.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert paper() == dark


def test_no_field_is_wider_than_its_row_on_a_phone(stack, visit):
    stack.order()
    page = visit("/account/login/?next=/admin/payments/payment/", viewport={"width": 390, "height": 844})
    sign_in(page, name="operator")
    page.locator("#result_list tbody th a").first.click()
    expect(page.locator(".form-row").nth(5)).to_be_visible()
    cut_off = "rows => rows.filter(row => row.scrollWidth > row.clientWidth).map(row => row.innerText)"
    assert page.locator(".form-row").evaluate_all(cut_off) == []


def test_a_long_word_of_an_address_is_not_cut_off_on_the_page_of_its_order(visit):
    order = buy(visit("/"), city="W" * 80)
    page = visit(f"/account/login/?next=/admin/orders/order/?q={order}")
    sign_in(page, name="operator")
    page.locator("#result_list tbody th a").click()
    row = page.locator(".form-row.field-city")
    expect(row).to_contain_text("W" * 80)
    assert row.evaluate("row => row.scrollWidth - row.clientWidth") == 0


def test_the_hint_of_the_sidebar_and_a_row_s_button_are_whole_in_german(desk):
    desk.context.add_cookies([{"name": "django_language", "value": "de", "url": desk.url}])
    desk.reload()
    hint = desk.get_by_placeholder("Eingabe beginnen")
    assert hint.evaluate(MISSING) <= 0
    button = desk.locator(f"{ROWS} .button").first
    button.evaluate("element => { element.textContent = 'Aufgabe wiederholen' }")
    assert button.bounding_box()["height"] < 30, "it is on one line"
