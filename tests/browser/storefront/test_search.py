"""Search: suggestions, filters, sorting and misspelled queries."""

import re

from playwright.sync_api import Page, expect

from tests.browser import ONE_BACKEND

pytestmark = ONE_BACKEND

PHONE = {"width": 320, "height": 640}


def field(page: Page):
    return page.get_by_role("searchbox", name="Search the shop")


def suggestions(page: Page):
    return page.locator("#suggestions").get_by_role("link")


def names(page: Page):
    return page.locator("#results").get_by_role("heading", level=3)


def test_a_partial_word_suggests_products_that_the_keyboard_reaches(visit):
    page = visit("/")
    field(page).press_sequentially("guit")
    expect(suggestions(page).first).to_contain_text("Studio Guitar")
    expect(suggestions(page).first).to_contain_text("€499.00")
    page.keyboard.press("ArrowDown")
    expect(suggestions(page).first).to_be_focused()
    page.keyboard.press("Escape")
    expect(suggestions(page)).to_have_count(0)
    expect(field(page)).to_be_focused()
    field(page).press_sequentially("a")
    suggestions(page).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Studio Guitar")


def test_suggestions_close_when_the_field_loses_focus(visit):
    page = visit("/")
    field(page).press_sequentially("guit")
    expect(suggestions(page)).not_to_have_count(0)
    page.get_by_role("button", name="Search", exact=True).focus()
    page.get_by_role("banner").get_by_role("link", name="Basket").focus()
    expect(suggestions(page)).to_have_count(0)


def test_filters_and_sorting_update_results_and_url_without_a_page_load(visit):
    page = visit("/categories/sound/")
    page.evaluate("document.body.dataset.loaded = 'once'")
    page.get_by_label("to", exact=True).fill("150")
    page.get_by_label("to", exact=True).press("Tab")
    expect(page).to_have_url(re.compile(r"\?price_to=150"))
    expect(page.get_by_role("status").filter(has_text="products")).to_have_text(re.compile("3 products"))
    page.get_by_label("Sort by").select_option("price-up")
    expect(names(page)).to_have_text(["Kiosk Radio", "Hush Microphone", "Aurora Headphones"])
    expect(page.locator("body")).to_have_attribute("data-loaded", "once")
    page.get_by_role("link", name="Remove filter: Up to €150.00").click()
    expect(names(page)).to_have_count(10)
    page.go_back()
    expect(names(page)).to_have_count(3)


def test_an_invalid_price_is_reported_beside_the_field(visit):
    page = visit("/categories/sound/")
    page.get_by_label("from", exact=True).fill("cheap")
    page.get_by_label("from", exact=True).press("Tab")
    expect(page.locator("#price-faults")).to_contain_text("Please enter a price such as 19.90.")


def test_a_misspelled_word_leads_to_a_suggestion(visit):
    page = visit("/")
    field(page).fill("haedphones")
    field(page).press("Enter")
    page.get_by_role("link", name="headphones", exact=True).click()
    expect(names(page).first).to_have_text("Aurora Headphones")


def test_an_empty_result_shows_popular_products_and_categories(visit):
    page = visit("/search/?q=xylophone")
    expect(page.get_by_role("heading", level=1)).to_contain_text("No results for “xylophone”")
    expect(page.get_by_role("region", name="Popular products").get_by_role("listitem")).to_have_count(4)
    page.get_by_role("main").get_by_role("link", name="Home & Living").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home & Living")


def test_search_works_without_javascript(visit):
    page = visit("/", java_script_enabled=False)
    field(page).fill("keyboard")
    page.get_by_role("search").get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Results for “keyboard”")
    page.goto("/categories/sound/")
    page.get_by_label("to", exact=True).fill("150")
    page.get_by_label("In stock only").check()
    page.get_by_role("button", name="Apply filters", exact=True).click()
    expect(names(page)).to_have_count(3)
    page.get_by_label("Sort by").select_option("price-up")
    page.get_by_role("button", name="Sort products", exact=True).click()
    expect(names(page).first).to_have_text("Kiosk Radio")


def test_filters_collapse_on_a_small_phone(visit):
    page = visit("/categories/sound/?in_stock=on", viewport=PHONE)
    expect(page.get_by_label("to", exact=True)).to_be_hidden()
    page.get_by_text("Filters 1").click()
    expect(page.get_by_label("to", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
