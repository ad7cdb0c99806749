"""What was typed into a form that was sent after its session had ended."""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import ONE_BACKEND
from tests.browser.steps import sign_in

pytestmark = ONE_BACKEND
NEW_ADDRESS, PRODUCTS = "/account/addresses/add/", "/admin/shop/product/"
SAID = "You have been signed out."


def end_session(page: Page) -> None:
    page.context.clear_cookies(name="sessionid")


def sign_in_again(page: Page, *, name: str) -> None:
    expect(page.get_by_text(SAID)).to_be_visible()
    page.locator("[name=password]").fill("wrong")
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").press("Enter")
    expect(page.get_by_text(re.compile("Please enter (a|the) correct"))).to_be_visible()
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill(name)
    page.locator("[name=password]").press("Enter")


@pytest.fixture
def product(stack, browser: Browser) -> Iterator[Page]:
    """A product's form. Not by `visit`: the console of a form of the admin reports what the security policy blocks."""
    with closing(browser.new_context(base_url=stack.url)) as context:
        page = context.new_page()
        page.goto(f"/account/login/?next={PRODUCTS}")
        sign_in(page, name="admin")
        page.locator("#result_list tbody th a").first.click()
        expect(page.locator("#id_tagline")).to_be_visible()
        yield page


def test_an_address_is_still_there_after_signing_in_again(visit: Callable[..., Page]):
    page = visit(f"/account/login/?next={NEW_ADDRESS}")
    sign_in(page, name="shopper")
    typed = {"Full name": "Sam", "Street and number": "9 Kept Lane", "Postcode": "YO1 6GA", "City": "York"}
    for label, value in typed.items():
        page.get_by_label(label).fill(value)
    page.get_by_label("Country").select_option("GB")
    page.locator("[name=is_default]").check()
    end_session(page)
    page.get_by_role("button", name="Save").click()
    sign_in_again(page, name="shopper")
    for label, value in typed.items():
        expect(page.get_by_label(label)).to_have_value(value)
    expect(page.get_by_label("Country")).to_have_value("GB")
    expect(page.locator("[name=is_default]")).to_be_checked()
    page.goto(NEW_ADDRESS)
    expect(page.get_by_label("City")).to_have_value("")


def test_nobody_else_who_signs_in_sees_what_was_typed(visit: Callable[..., Page]):
    page = visit(f"/account/login/?next={NEW_ADDRESS}")
    sign_in(page, name="shopper")
    page.get_by_label("City").fill("York")
    for label in ("Full name", "Street and number", "Postcode"):
        page.get_by_label(label).fill("YO1 6GA")
    page.get_by_label("Country").select_option("GB")
    end_session(page)
    page.get_by_role("button", name="Save").click()
    sign_in_again(page, name="support")
    expect(page.get_by_text("Signed in as support")).to_be_visible()
    expect(page.get_by_label("City")).to_have_value("")


@pytest.fixture
def lost(visit: Callable[..., Page]) -> Page:
    """The sign-in page that a form was sent to, with what was typed kept in the tab."""
    page = visit(f"/account/login/?next={NEW_ADDRESS}")
    sign_in(page, name="shopper")
    for label in ("Full name", "Street and number", "Postcode", "City"):
        page.get_by_label(label).fill("YO1 6GA")
    page.get_by_label("Country").select_option("GB")
    end_session(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(SAID)).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('kept-form')")
    return page


def test_whoever_leaves_the_sign_in_page_leaves_nothing_in_the_tab(lost: Page):
    lost.goto("/")
    assert lost.evaluate("sessionStorage.getItem('kept-form')") is None


def test_what_was_typed_is_kept_for_an_hour(lost: Page):
    older = "JSON.stringify({ ...JSON.parse(sessionStorage.getItem('kept-form')), at: Date.now() - 3_600_000 })"
    lost.evaluate(f"sessionStorage.setItem('kept-form', {older})")
    sign_in_again(lost, name="shopper")
    expect(lost.get_by_text("Signed in as shopper")).to_be_visible()
    expect(lost.get_by_label("City")).to_have_value("")


def test_a_form_of_the_admin_is_still_there_after_signing_in_again(product: Page):
    product.locator("#id_tagline").fill("Kept by the tab")
    end_session(product)
    product.locator("[name=_save]").click()
    sign_in_again(product, name="admin")
    expect(product.locator("#id_tagline")).to_have_value("Kept by the tab")


def test_what_a_colleague_has_changed_meanwhile_is_not_covered(product: Page, stack, browser: Browser):
    address, changed = product.url, f"By a colleague, {secrets.token_hex(4)}"
    end_session(product)
    with closing(browser.new_context(base_url=stack.url)) as context:
        colleague = context.new_page()
        colleague.goto(f"/account/login/?next={address.removeprefix(stack.url)}")
        sign_in(colleague, name="admin")
        colleague.locator("#id_tagline").fill(changed)
        colleague.locator("[name=_continue]").click()
        expect(colleague.get_by_text("was changed successfully")).to_be_visible()
    product.locator("#id_tagline").fill("Kept by the tab")
    product.locator("[name=_save]").click()
    sign_in_again(product, name="admin")
    expect(product.locator("#id_tagline")).to_have_value(changed)
