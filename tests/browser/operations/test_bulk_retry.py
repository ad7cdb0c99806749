"""Bulk retry from the list of failed tasks: preview, start, progress, result."""

import re

from playwright.sync_api import Locator, Page, expect

from messaging.models import Message
from orders.models import Order
from payments.models import Payment
from tests.browser import ONE_BACKEND
from tests.browser.steps import sign_in

pytestmark = ONE_BACKEND


def failed_orders(stack, count: int) -> list[str]:
    """Place orders whose charge failed with a bug, now fixed; return their numbers."""
    numbers = [stack.order(payment_method="pm_bug")["number"] for _ in range(count)]

    def dead() -> bool:
        with stack.db() as alias:
            return Message.objects.using(alias).dead().filter(subject__in=numbers).count() == count

    stack.wait_for(dead, what="all of them are dead")
    with stack.db() as alias:
        Payment.objects.using(alias).filter(order__number__in=numbers).update(method="pm_card_visa")
    return numbers


def test_failed_tasks_are_previewed_retried_and_watched_until_finished(stack, visit):
    numbers = failed_orders(stack, 4)
    page = visit("/account/login/?next=/admin/operations/failedtask/?queue=payments")
    sign_in(page, name="operator")
    for number in numbers:
        page.locator("#result_list tbody tr").filter(has_text=number).get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option("bulk_retry")
    page.get_by_role("button", name="Go").click()

    expect(page.locator("#bulk-will-go")).to_contain_text(re.compile(r"\d+ messages? will be retried"))
    page.get_by_label("Canary").fill("2")
    page.get_by_label("Reason").fill("The bug is fixed")
    page.evaluate("document.body.dataset.loaded = 'once'")
    page.get_by_role("button", name="Start bulk retry").click()

    progress = page.locator("#bulk-progress")
    expect(progress).to_have_attribute("data-state", "finished")
    expect(page.locator("#bulk-bar")).to_have_attribute("value", "100")
    with stack.db() as alias:
        assert not Message.objects.using(alias).dead().filter(subject__in=numbers).exists()
        orders = Order.objects.using(alias).filter(number__in=numbers)
        assert {order.status for order in orders} <= {"paid", "shipped", "delivered"}


def test_it_works_without_javascript_on_a_phone(stack, visit):
    (number,) = failed_orders(stack, 1)
    page = visit(
        f"/account/login/?next=/admin/operations/bulkoperation/new/?subject={number}",
        java_script_enabled=False,
        viewport={"width": 360, "height": 640},
    )
    sign_in(page, name="operator")
    expect(page.get_by_label("Subject")).to_have_value(number)
    page.get_by_role("button", name="Preview bulk retry").click()
    expect(page.locator("#bulk-will-go")).to_have_text("1 message will be retried.")
    page.get_by_label("Reason").fill("The bug is fixed")
    follow(page, page.get_by_role("button", name="Start bulk retry"))
    again = page.get_by_role("link", name="Refresh")
    while again.count():
        follow(page, again)
    expect(page.locator("#bulk-progress")).to_have_attribute("data-state", "finished")


def follow(page: Page, link: Locator) -> None:
    """Click, and wait for the whole page: what is counted on a part of it may be missing."""
    with page.expect_navigation():
        link.click()
