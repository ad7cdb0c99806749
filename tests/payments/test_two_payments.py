"""Orders with two captured payments: one that was replaced and captured all the same, and its successor."""

import uuid

import pytest

from messaging.models import Message, State
from orders.models import Hold, Order, Status
from orders.services.operators import Trusted
from payments import services
from payments.gateways import RefundState
from payments.models import GatewayCharge, Payment, PaymentStatus, RefundStatus
from payments.selectors import refundable_amount
from shop.invoices.selectors import papers_of
from shop.order_pages.services import pay_again
from tests.delivery import claim_task, deliver, deliver_due
from tests.factories import place
from tests.payments.outcomes import CHARGE, COMPARE, REFUND, VOID, is_sound, status
from tests.payments.refunds.refunding import (
    compare,
    delivered,
    fresh,
    refund_outside,
    refunded_at_gateway,
    settle_at_gateway,
    start_refund,
    work_off,
)

pytestmark = pytest.mark.django_db(transaction=True)


def replaced() -> tuple[Order, Payment, Payment]:
    """An order with a new payment. The gateway has captured its first one, whose refund takes the bank a while."""
    order = place(payment_method="pm_3ds")
    deliver(claim_task(task=CHARGE))
    pay_again(order=order, payment_method="pm_card_visa")
    first, second = order.payments.order_by("created_at")
    charges = GatewayCharge.objects.filter(reference=first.gateway_reference)
    charges.update(is_captured=True, method="pm_refund_pending")
    return order, first, second


def paid_twice() -> tuple[Order, Payment, Payment]:
    """A shipped order whose first payment is being refunded."""
    order, first, second = replaced()
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert first.refunds.get().status == RefundStatus.PENDING
    return order, first, second


def test_what_its_second_payment_paid_can_be_refunded_while_the_first_one_is_owed_back():
    order, _first, second = paid_twice()
    assert refundable_amount(order=order) == order.total
    refund = services.refund_order(order=order, amount=100, request_id=uuid.uuid4(), by=Trusted("olga"))
    assert refund is not None
    assert refund.payment == second
    work_off()
    second.refresh_from_db()
    assert second.status == PaymentStatus.CAPTURED
    assert refundable_amount(order=order) == order.total - 100
    assert is_sound()


def test_the_order_shows_the_invoice_of_the_payment_that_pays_for_it(client):
    order, first, second = paid_twice()
    papers = papers_of(order=order)
    assert papers.invoice is not None
    assert papers.invoice.number == second.invoice.number != first.invoice.number
    answer = client.get(f"/orders/{order.public_id}/invoice.pdf")
    assert second.invoice.number in answer["Content-Disposition"]


def test_a_part_that_is_refunded_in_the_dashboard_leaves_the_rest_of_the_replaced_payment_to_be_refunded():
    order = place(payment_method="pm_3ds")
    deliver(claim_task(task=CHARGE))
    pay_again(order=order, payment_method="pm_card_visa")
    first = order.payments.earliest("created_at")
    GatewayCharge.objects.filter(reference=first.gateway_reference).update(is_captured=True)
    deliver(claim_task(task=VOID))
    refund_outside(first, 500)
    deliver(claim_task(task=REFUND))  # the gateway refuses it: less is left
    deliver_due()
    deliver(claim_task_of_comparison(first))
    deliver_due()
    first.refresh_from_db()
    assert first.status == PaymentStatus.REFUNDED
    assert refunded_at_gateway() == first.amount
    assert status(order) == Status.SHIPPED
    assert is_sound()


def claim_task_of_comparison(payment: Payment) -> Message:
    Message.objects.filter(task=COMPARE, state=State.PENDING).delete()
    services.enqueue_comparison(key=payment.pk, reference=payment.gateway_reference, number=payment.order.number)
    return claim_task(task=COMPARE)


def test_a_refund_of_the_replaced_payment_does_not_hold_the_order_that_the_other_one_pays():
    order, first, _second = replaced()
    deliver(claim_task(task=VOID))
    deliver(claim_task(task=REFUND))
    assert first.refunds.get().status == RefundStatus.PENDING
    order.refresh_from_db()
    assert order.hold == Hold.REFUND
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert order.hold == Hold.NONE
    assert is_sound()


def test_a_part_that_is_refunded_in_the_dashboard_after_a_refund_failed_leaves_the_rest_to_be_refunded():
    order = delivered()
    refund = start_refund(order, order.total)
    deliver_due()
    settle_at_gateway(refund, RefundState.FAILED)
    payment = order.payments.get()
    compare(payment)
    assert fresh(refund).status == RefundStatus.FAILED
    refund_outside(payment, 600)
    compare(payment)
    deliver_due()
    assert refunded_at_gateway() == order.total
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.REFUNDED
