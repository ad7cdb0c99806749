"""Accounts: registration, purchase, password reset, deletion."""

import re
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from orders.models import Order
from tests.browser import ONE_BACKEND
from tests.browser.steps import fill_basket, new_email, place_order, sign_in, status

pytestmark = ONE_BACKEND
PASSWORD, NEW_PASSWORD = "correct horse battery", "a better horse battery"


def register(page: Page, email: str) -> None:
    page.get_by_role("link", name="Create account").click()
    page.get_by_label("Full name").fill("Sam Shopper")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text(f"Signed in as {email}")).to_be_visible()


def save_address(page: Page, line1: str) -> None:
    page.get_by_role("link", name="Addresses").click()
    page.get_by_role("link", name="Add address").click()
    for label, value in {"Full name": "Sam", "Street": line1, "Postcode": "YO1 6GA", "City": "York"}.items():
        page.get_by_label(label).fill(value)
    page.get_by_label("Country").select_option("GB")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("list").get_by_text(line1).first).to_be_visible()


def mailed_link(stack, email: str) -> str:
    """The path of the password reset link, from the file that the demo writes instead of sending an e-mail."""

    def found() -> list[str]:
        for file in Path(stack.folder, "mail").glob("*.log"):
            mail = message_from_bytes(file.read_bytes().split(b"\n" + b"-" * 79)[0], policy=policy.default)
            body = mail.get_body(("plain",))
            if mail["To"] == email and body and "/account/reset/" in body.get_content():
                return re.findall(r"https?://\S+", body.get_content())
        return []

    stack.wait_for(found, what="the e-mail with the reset link")
    return urlsplit(found()[0]).path


@pytest.mark.parametrize("scripts", [True, False], ids=["with_scripts", "without_scripts"])
def test_an_account_from_registration_to_deletion(stack, visit, scripts):
    email = new_email()
    page = visit("/account/login/", java_script_enabled=scripts)
    register(page, email)
    save_address(page, "1 Station Road")

    page.goto("/")
    fill_basket(page)
    page.get_by_role("link", name="Go to checkout").click()
    page.locator("input[value=pm_card_visa]").check()
    number = place_order(page)
    page.goto("/account/")
    expect(page.get_by_role("link", name=number)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()

    page.goto("/account/login/")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Send link").click()
    expect(page.locator("#messages")).to_contain_text("we have sent a link to it")
    page.goto(mailed_link(stack, email))
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New password confirmation").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set password").click()
    sign_in(page, name=email, password=NEW_PASSWORD)
    expect(page.get_by_role("link", name=number)).to_be_visible()

    page.get_by_role("link", name=number).click()
    while status(page).get_attribute("data-status") != "delivered":
        page.reload()
    page.goto("/account/details/")
    page.get_by_role("link", name="Delete my account").click()
    page.get_by_label("Password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Delete account permanently").click()
    expect(page.get_by_role("heading", name="Your account has been closed")).to_be_visible()
    page.goto("/account/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    stack.wait_for(lambda: owner_of(stack, number) == (None, "", "[removed]"), what="the order was erased")


def owner_of(stack, number: str) -> tuple[int | None, str, str]:
    with stack.db():
        order = Order.objects.using(stack.alias).get(number=number)
    return order.user_id, order.email, order.name
