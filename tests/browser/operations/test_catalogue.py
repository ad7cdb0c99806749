"""The catalogue in the admin: a picture is uploaded, a price typed, a category coloured, and shoppers see it."""

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser import ONE_BACKEND
from tests.browser.steps import sign_in
from tests.quality.checks import page_findings
from tests.shop.pictures.images import drawn, encoded

pytestmark = ONE_BACKEND
PRODUCTS, CATEGORIES = "/admin/shop/product/", "/admin/shop/category/"
PHOTO: FilePayload = {"name": "IMG_0001.JPG", "mimeType": "image/jpeg", "buffer": encoded(drawn((1600, 1200)))}


@pytest.fixture
def admin(stack, browser) -> Iterator[Page]:
    """Not by `visit`: the console of a form reports inline styles that the Content Security Policy has blocked."""
    with closing(browser.new_context(base_url=stack.url)) as context:
        page = context.new_page()
        page.goto(f"/account/login/?next={PRODUCTS}")
        sign_in(page, name="admin")
        expect(page.locator("#changelist")).to_be_visible()
        yield page


def save(page: Page) -> None:
    page.locator("[name=_continue]").click()


def test_a_picture_is_uploaded_and_shoppers_see_it_in_its_proportions(admin: Page, visit):
    admin.locator("#result_list tbody th a").first.click()
    slug = admin.locator("#id_slug").input_value()
    admin.locator("#id_picture").set_input_files(PHOTO)
    admin.locator("#id_picture_alt").fill("Half red, half blue")
    price = admin.locator("#id_price").input_value()
    admin.locator("#id_price").fill(price.replace(".", ","))
    save(admin)
    expect(admin.get_by_text("was changed successfully")).to_be_visible()
    expect(admin.locator("#id_price")).to_have_value(price)
    admin.reload()
    assert page_findings(admin) == []

    shop = visit(f"/products/{slug}/")
    picture = shop.get_by_role("img", name="Half red, half blue")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    box = picture.bounding_box()
    assert box is not None
    assert abs(box["width"] / box["height"] - 4 / 3) < 0.02
    expect(shop.get_by_text(f"€{price}").first).to_be_visible()
    assert page_findings(shop) == []


def test_what_is_no_picture_is_refused_beside_the_field(admin: Page):
    admin.locator("#result_list tbody th a").nth(1).click()
    svg: FilePayload = {
        "name": "a.png",
        "mimeType": "image/png",
        "buffer": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    }
    admin.locator("#id_picture").set_input_files(svg)
    save(admin)
    expect(admin.get_by_text("Upload a JPEG, PNG, WebP or AVIF file.")).to_be_visible()


def test_a_category_gets_a_colour_of_its_own_without_an_inline_style(admin: Page, visit):
    admin.goto(CATEGORIES)
    admin.locator("#result_list tbody th a").first.click()
    slug = admin.locator("#id_slug").input_value()
    admin.locator("input[name=palette][value=own]").check()
    admin.locator("#id_own").fill("#3A23B8")
    save(admin)
    expect(admin.get_by_text("was changed successfully")).to_be_visible()
    admin.reload()
    assert page_findings(admin) == []

    shop = visit(f"/categories/{slug}/")
    panel = shop.locator(".glow-3a23b8").first
    expect(panel).to_have_css("background-image", re.compile("gradient"))
    light = panel.evaluate("panel => getComputedStyle(panel).getPropertyValue('--to')")
    shop.emulate_media(color_scheme="dark")
    assert panel.evaluate("panel => getComputedStyle(panel).getPropertyValue('--to')") != light
    assert page_findings(shop) == []
