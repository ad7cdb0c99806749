"""Does an operator find a failed task, understand it, and send it again with one click?"""

from playwright.sync_api import Page, expect

from payments.models import Payment
from tests.browser import ONE_BACKEND
from tests.browser.shopper import SHIPPED, buy, status

pytestmark = ONE_BACKEND


def sign_in(page: Page, *, name: str, password: str = "") -> None:
    """On the page that asks for it; demo users have their name as password."""
    page.get_by_label("E-mail or user name").fill(name)
    page.get_by_label("Password").fill(password or name)
    page.get_by_role("button", name="Sign in").click()


def test_an_operator_sends_an_order_that_met_a_bug_on_its_way_again(stack, visit):
    shopper = visit("/")
    order = buy(shopper, method="pm_bug", shipping="express")
    expect(status(shopper)).to_contain_text("Someone is looking into it")
    expect(shopper.locator("#timeline")).to_contain_text("Waiting for a person to look at it")

    operator = visit("/account/login/?next=/admin/operations/failedtask/")
    sign_in(operator, name="operator")
    operator.locator("#searchbar").fill(order)
    operator.get_by_role("button", name="Search").click()
    expect(operator.locator("#result_list tbody tr")).to_have_count(1)
    operator.locator("#result_list").get_by_role("link", name="RuntimeError").click()
    expect(operator.locator(".desk-attempt[open]")).to_contain_text("payments/gateways/simulated.py")

    with stack.db():
        Payment.objects.using(stack.alias).filter(order__number=order).update(method="pm_card_visa")
    operator.get_by_role("button", name="Retry").click()
    expect(operator.get_by_text("1 task goes out again.")).to_be_visible()
    expect(status(shopper)).to_have_attribute("data-status", SHIPPED)
    operator.goto(f"/admin/operations/failedtask/?q={order}")
    expect(operator.locator("#result_list tbody tr")).to_have_count(0)
