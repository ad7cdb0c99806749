"""Failed tasks: an operator finds one, reads its traceback and retries it."""

from playwright.sync_api import expect

from payments.models import Payment
from tests.browser import ONE_BACKEND
from tests.browser.steps import SHIPPED, buy, sign_in, status

pytestmark = ONE_BACKEND


def test_an_operator_retries_a_failed_charge_and_the_order_ships(stack, visit):
    shopper = visit("/")
    order = buy(shopper, method="pm_bug", shipping="express")
    expect(status(shopper)).to_contain_text("Our team is looking into it")
    expect(shopper.locator("#timeline")).to_contain_text("Waiting for our team to look into it")

    operator = visit("/account/login/?next=/admin/operations/failedtask/")
    sign_in(operator, name="operator")
    operator.locator("#searchbar").fill(order)
    operator.get_by_role("button", name="Search").click()
    expect(operator.locator("#result_list tbody tr")).to_have_count(1)
    operator.locator("#result_list").get_by_role("link", name="RuntimeError").click()
    expect(operator.locator(".desk-attempt[open]")).to_contain_text("payments/gateways/simulated.py")

    with stack.db():
        Payment.objects.using(stack.alias).filter(order__number=order).update(method="pm_card_visa")
    operator.get_by_role("button", name="Retry task").click()
    expect(operator.get_by_text("1 task queued for retry.")).to_be_visible()
    expect(status(shopper)).to_have_attribute("data-status", SHIPPED)
    operator.goto(f"/admin/operations/failedtask/?q={order}")
    expect(operator.locator("#result_list tbody tr")).to_have_count(0)
