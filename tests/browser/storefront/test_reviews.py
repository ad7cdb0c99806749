"""Reviews: only buyers may write one, once the parcel has shipped."""

from playwright.sync_api import Page, expect

from tests.browser import ONE_BACKEND
from tests.browser.steps import SHIPPED, buy, new_email, status
from tests.browser.storefront.test_accounts import register

pytestmark = ONE_BACKEND


def first_product(page: Page) -> str:
    """The path of the product that `buy` puts in the basket."""
    found = page.get_by_role("listitem").filter(has=page.locator("button:enabled")).get_by_role("link").first
    return found.get_attribute("href") or ""


def post_review(page: Page, product: str) -> int:
    """Post a review without using the form; return the response's status."""
    token = page.locator("footer [name=csrfmiddlewaretoken]").get_attribute("value") or ""
    form: dict[str, str | float | bool] = {
        "csrfmiddlewaretoken": token,
        "stars": "1",
        "title": "Never had it",
        "text": "",
    }
    return page.request.post(f"{product}review/", form=form).status


def test_only_buyers_review_a_product_once_it_has_shipped(visit):
    page = visit("/account/login/")
    register(page, new_email())
    page.goto("/")
    product = first_product(page)
    page.goto(product)
    expect(page.locator("#reviews")).to_contain_text("as soon as your order ships")
    assert post_review(page, product) == 403

    page.goto("/")
    buy(page)
    expect(status(page)).to_have_attribute("data-status", SHIPPED)
    page.goto(product)
    page.get_by_role("link", name="Write a review").click()
    page.get_by_label("4 stars").check()
    page.get_by_label("Title").fill("Rode here on a belt")
    page.get_by_label("Your review").fill("<b>Plain</b> & good")
    page.get_by_role("button", name="Publish").click()
    review = page.get_by_role("article").filter(has_text="Rode here on a belt")
    expect(review).to_contain_text("Verified buyer")
    expect(review).to_contain_text("<b>Plain</b> & good")

    guest = visit(product)
    expect(guest.locator("#reviews")).to_contain_text("Rode here on a belt")
    expect(guest.locator("#reviews")).to_contain_text("sign in to write a review")
    assert post_review(guest, product) == 200  # led to the page that asks for a name
    guest.reload()
    expect(guest.locator("#reviews")).not_to_contain_text("Never had it")
