"""Orders with two captured payments: one that was replaced and that the bank settled all the same, and its successor."""

import uuid

import pytest

from orders.models import Order, Status
from payments import services
from payments.models import GatewayCharge, Payment, PaymentStatus, RefundStatus
from payments.selectors import refundable_amount
from shop.order_pages.services import pay_again
from tests.delivery import claim_task, deliver, deliver_due
from tests.factories import place
from tests.payments.outcomes import CHARGE, is_sound, status
from tests.payments.refunds.refunding import work_off

pytestmark = pytest.mark.django_db(transaction=True)


def paid_twice() -> tuple[Order, Payment, Payment]:
    """A shipped order. The refund of its first payment takes the bank a while."""
    order = place(payment_method="pm_3ds")
    deliver(claim_task(task=CHARGE))
    pay_again(order=order, payment_method="pm_card_visa")
    first, second = order.payments.order_by("created_at")
    charges = GatewayCharge.objects.filter(reference=first.gateway_reference)
    charges.update(is_captured=True, method="pm_refund_pending")
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert first.refunds.get().status == RefundStatus.PENDING
    return order, first, second


def test_what_its_second_payment_paid_can_be_refunded_while_the_first_one_is_owed_back():
    order, _first, second = paid_twice()
    assert refundable_amount(order=order) == order.total
    refund = services.refund_order(order=order, amount=100, request_id=uuid.uuid4(), by="olga")
    assert refund is not None
    assert refund.payment == second
    work_off()
    second.refresh_from_db()
    assert second.status == PaymentStatus.CAPTURED
    assert refundable_amount(order=order) == order.total - 100
    assert is_sound()
