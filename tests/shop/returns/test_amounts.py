"""What a return refunds: the price paid and delivery, never more than is left, and only money that the shop has."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.outbox import transaction
from orders.models import Order, OrderEvent, Status
from orders.services.operators import Trusted
from payments.errors import NotCaptured
from payments.models import Dispute, PaymentStatus, Refund
from payments.services import refund_order
from shop.models import Product, ReturnStatus
from shop.returns.errors import RefundBlocked
from tests.auditing import broken
from tests.delivery import deliver_all, run_periodic
from tests.shop.returns.returned import delivered, receive, requested

pytestmark = pytest.mark.django_db(transaction=True)


def stock() -> list[int]:
    return list(Product.objects.order_by("pk").values_list("stock", flat=True))


def refund(order: Order, amount: int) -> None:
    with transaction():
        refund_order(order=order, amount=amount, request_id=uuid.uuid4(), by=Trusted("ann"), reason="goodwill")


def deliver_days_ago(order: Order, days: float) -> None:
    OrderEvent.objects.filter(order=order, kind=Status.DELIVERED).update(at=timezone.now() - timedelta(days=days))


def test_a_return_after_a_refund_pays_back_what_is_left_and_no_more():
    order = delivered()
    found = requested(order)
    refund(order, 3000)
    assert receive(found) == 750
    deliver_all()
    order.refresh_from_db()
    found.refresh_from_db()
    assert (order.status, found.status) == (Status.REFUNDED, ReturnStatus.REFUNDED)
    assert not broken()


def test_a_return_after_the_whole_was_refunded_is_complete_at_once():
    order = delivered()
    found = requested(order)
    refund(order, 3750)
    deliver_all()
    assert receive(found) == 0
    found.refresh_from_db()
    assert (found.status, found.amount, found.refund) == (ReturnStatus.REFUNDED, 0, None)
    assert stock() == [100, 100]
    assert not broken()


def test_a_refund_and_a_return_before_it_never_pay_more_than_was_paid():
    order = delivered()
    receive(requested(order, pieces=(2, 0)))
    with pytest.raises(ValueError, match="cannot be refunded"):
        refund(order, 1251)
    refund(order, 1250)
    deliver_all()
    assert sum(Refund.objects.values_list("amount", flat=True)) == 3750
    assert not broken()


def test_a_return_waits_for_the_capture_of_its_order():
    found = requested(delivered())
    found.order.payments.update(status=PaymentStatus.AUTHORISED)
    with pytest.raises(NotCaptured):
        receive(found)
    found.order.payments.update(status=PaymentStatus.CAPTURED)
    assert receive(found) == 3750


def test_a_return_waits_for_the_end_of_a_dispute():
    order = delivered(payment_method="pm_disputed")
    run_periodic("payments.find_disputes")
    deliver_all()
    found = requested(order)
    assert Dispute.objects.contested().exists()
    with pytest.raises(RefundBlocked, match="of its order is disputed"):
        receive(found)
    found.refresh_from_db()
    assert found.status == ReturnStatus.REQUESTED


def test_standard_delivery_is_refunded_once_everything_is_back():
    order = delivered()
    Order.objects.filter(pk=order.pk).update(shipping_price=490, total=4240)
    order.payments.update(amount=4240)
    order.refresh_from_db()
    assert receive(requested(order, pieces=(2, 0))) == 2500
    assert receive(requested(order, pieces=(0, 1))) == 1740


def test_of_express_delivery_the_price_of_standard_delivery_is_refunded():
    order = delivered(shipping_method="express")
    assert order.shipping_price == 990
    assert receive(requested(order)) == 3750


def test_after_the_withdrawal_period_delivery_is_not_refunded(settings):
    settings.CONVEYOR_RETURN_DAYS = 100
    order = delivered()
    Order.objects.filter(pk=order.pk).update(shipping_price=490, total=4240)
    order.payments.update(amount=4240)
    deliver_days_ago(order, 20)
    order.refresh_from_db()
    assert receive(requested(order)) == 3750
