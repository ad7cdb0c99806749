"""Edit and retry: an operator corrects a failed task's payload and the order continues."""

from playwright.sync_api import expect

from messaging.models import Message
from messaging.operations.models import PayloadEdit
from payments.models import Payment
from tests.browser import ONE_BACKEND
from tests.browser.steps import SHIPPED, buy, sign_in, status

pytestmark = ONE_BACKEND


def test_an_operator_corrects_a_payload_and_the_order_ships(stack, visit):
    shopper = visit("/")
    order = buy(shopper, method="pm_bug", shipping="express")
    expect(status(shopper)).to_contain_text("Our team is looking into it")
    with stack.db():
        payment = Payment.objects.using(stack.alias).get(order__number=order)
        Payment.objects.using(stack.alias).filter(pk=payment.pk).update(method="pm_card_visa")
        charge = Message.objects.using(stack.alias).get(subject=order, task="payments.charge_payment")
        Message.objects.using(stack.alias).filter(pk=charge.pk).update(payload={"payment_id": "mistyped"})

    operator = visit("/account/login/?next=/admin/operations/failedtask/")
    sign_in(operator, name="operator")
    operator.locator("#searchbar").fill(order)
    operator.get_by_role("button", name="Search").click()
    operator.locator("#result_list").get_by_role("link", name="RuntimeError").click()
    expect(operator.locator(".desk-sentence")).to_contain_text(f"payments.charge_payment ({order}) failed")

    operator.get_by_role("link", name="Edit and retry").click()
    operator.get_by_label("payment_id").fill("still wrong")
    operator.get_by_role("button", name="Show difference").click()
    expect(operator.locator(".errorlist").first).to_contain_text("valid UUID")
    operator.get_by_label("payment_id").fill(str(payment.pk))
    operator.get_by_role("button", name="Show difference").click()
    expect(operator.locator("del")).to_have_text("mistyped")
    expect(operator.locator("ins")).to_have_text(str(payment.pk))
    operator.get_by_label("Reason").fill("the id was mistyped")
    operator.get_by_role("button", name="Edit and retry").click()
    expect(operator.get_by_text("1 task edited and queued for retry.")).to_be_visible()

    expect(status(shopper)).to_have_attribute("data-status", SHIPPED)
    operator.reload()
    expect(operator.locator(".desk-state").first).to_have_text("succeeded")
    with stack.db():
        assert PayloadEdit.objects.using(stack.alias).get(message_id=charge.pk).before == {"payment_id": "mistyped"}
