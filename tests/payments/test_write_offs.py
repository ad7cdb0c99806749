"""Write-offs: an operator gives up money that was reserved for goods which have left, and is lost."""

import pytest
from django.test import Client
from django.urls import reverse

from messaging.models import Message, State
from messaging.operations.actions import discard, retry
from messaging.operations.permissions import Actor
from orders.models import Order, Status
from orders.services.operators import Trusted
from orders.timeline import describe
from payments import services
from payments.errors import NotLost
from payments.models import GatewayCharge, Payment, PaymentStatus, Refund
from tests.auditing import broken
from tests.delivery import claim_task, deliver, deliver_all, deliver_due
from tests.factories import client_with
from tests.payments.outcomes import CAPTURE, is_sound, status
from tests.payments.refunds.refunding import compare
from tests.payments.test_captures import paid, shipped, void_at_gateway

pytestmark = pytest.mark.django_db(transaction=True)
OLGA = Actor.system("olga")


def lost() -> tuple[Order, Message]:
    order = shipped()
    void_at_gateway()
    message = claim_task(task=CAPTURE)
    assert deliver(message) == State.DEAD
    return order, message


def write_off(order: Order) -> Payment:
    payment = order.payments.get()
    services.write_off(payment=payment, by=Trusted("olga"), reason="paid in cash")
    payment.refresh_from_db()
    return payment


def test_a_lost_payment_is_written_off_and_its_order_stays_shipped():
    order, message = lost()
    payment = write_off(order)
    assert (payment.status, payment.failure_code) == (PaymentStatus.FAILED, "written_off")
    event = order.events.get(kind="written_off")
    assert (event.data["by"], event.data["reason"]) == ("olga", "paid in cash")
    assert describe(event) == "€25.00 could not be collected"
    retry(ids=[message.pk], actor=OLGA)
    deliver_all()
    message.refresh_from_db()
    assert message.state == State.DONE
    compare(payment)
    payment.refresh_from_db()
    assert payment.is_written_off
    assert is_sound()


def test_a_payment_whose_capture_was_discarded_is_written_off_and_its_reservation_released():
    order = shipped()
    message = claim_task(task=CAPTURE)
    Message.objects.filter(pk=message.pk).update(state=State.DEAD, error_type="payments.gateways.base.Other")
    discard(ids=[message.pk], actor=OLGA, reason="never mind")
    assert list(broken()) == ["every shipped order's money is captured, or has a message that will capture it"]
    write_off(order)
    deliver_due()
    assert GatewayCharge.objects.get().state == GatewayCharge.State.VOIDED
    assert is_sound()


def test_a_payment_that_is_captured_after_all_is_kept():
    order, _message = lost()
    payment = write_off(order)
    GatewayCharge.objects.update(state=GatewayCharge.State.AUTHORISED, is_captured=True)
    deliver_due()
    compare(payment)
    payment.refresh_from_db()
    assert (payment.status, payment.failure_code) == (PaymentStatus.CAPTURED, "")
    assert not Refund.objects.exists()
    assert status(order) in (Status.SHIPPED, Status.DELIVERED)
    assert is_sound()


def test_what_has_not_shipped_is_not_written_off():
    order = paid()
    with pytest.raises(NotLost):
        write_off(order)
    assert order.payments.get().status == PaymentStatus.AUTHORISED


def test_what_a_task_will_capture_or_has_captured_is_not_written_off():
    order = shipped()
    with pytest.raises(NotLost):
        write_off(order)
    assert deliver(claim_task(task=CAPTURE)) == State.DONE
    with pytest.raises(NotLost):
        write_off(order)


def test_a_second_write_off_changes_nothing():
    order, _message = lost()
    write_off(order)
    with pytest.raises(NotLost, match=r"is failed.*Nothing was changed"):
        write_off(order)
    assert order.events.filter(kind="written_off").count() == 1


def url(order: Order) -> str:
    return reverse("admin:payments_payment_write_off", args=[order.payments.get().pk])


@pytest.fixture
def operator() -> Client:
    return client_with("refund_payment", "view_payment", "view_order")


def test_an_operator_finds_the_decision_on_the_pages_of_the_order_and_the_payment(operator):
    order, _message = lost()
    payment = order.payments.get()
    for page, pk in (("orders_order", order.pk), ("payments_payment", payment.pk)):
        assert url(order) in operator.get(reverse(f"admin:{page}_change", args=[pk])).text
    assert "€25.00" in operator.get(url(order)).text
    assert operator.post(url(order), {"reason": ""}).status_code == 200
    assert order.payments.get().status == PaymentStatus.AUTHORISED
    for _click in range(2):
        assert "Payment of €25.00 written off." in operator.post(url(order), {"reason": "cash"}, follow=True).text
    assert order.events.filter(kind="written_off").count() == 1
    assert "There is nothing to write off" in operator.get(url(order)).text
    assert "Nothing was changed." in operator.post(url(order), {"reason": "again"}).text
    assert "Nothing was changed." in client_with("refund_payment").post(url(order), {"reason": "cash"}).text


def test_a_write_off_needs_the_permission():
    order, _message = lost()
    looker = client_with("view_payment")
    assert looker.get(url(order)).status_code == 403
    assert looker.post(url(order), {"reason": "cash"}).status_code == 403
    assert order.payments.get().status == PaymentStatus.AUTHORISED
