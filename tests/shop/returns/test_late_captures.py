"""A payment was written off, its goods came back, and it was captured after all: the shop must not hold both."""

import pytest

from orders.models import Order
from payments.models import GatewayCharge, Payment, Refund, RefundStatus
from payments.selectors import refundable_amount
from shop.models import CreditNote, ReturnStatus
from shop.returns.amounts import value_of
from shop.returns.selectors import accepted_without_refund
from tests.auditing import broken
from tests.delivery import deliver_all
from tests.payments.refunds.refunding import compare
from tests.payments.test_write_offs import lost, write_off
from tests.shop.returns.returned import receive, requested

pytestmark = pytest.mark.django_db(transaction=True)


def written_off() -> tuple[Order, Payment]:
    """A delivered order of two pieces at 12.50, whose payment was given up."""
    order, _message = lost()
    payment = write_off(order)
    deliver_all()
    order.refresh_from_db()
    return order, payment


def capture_late(payment: Payment) -> None:
    GatewayCharge.objects.update(state=GatewayCharge.State.AUTHORISED, is_captured=True)
    compare(payment)
    deliver_all()


def test_what_came_back_before_a_late_capture_is_refunded_then():
    order, payment = written_off()
    found = requested(order)
    assert receive(found) == 0
    capture_late(payment)
    found.refresh_from_db()
    assert (found.status, found.amount) == (ReturnStatus.REFUNDED, 2500)
    assert found.refund is not None
    assert found.refund.status == RefundStatus.DONE
    assert refundable_amount(order=order) == 0
    assert CreditNote.objects.get().total == 2500
    assert not broken()
    capture_late(payment)
    assert Refund.objects.count() == 1


def test_of_an_order_that_came_back_in_parts_each_part_is_refunded():
    order, payment = written_off()
    for pieces in (1, 1):
        assert receive(requested(order, pieces=[pieces])) == 0
    capture_late(payment)
    assert sorted(Refund.objects.values_list("amount", flat=True)) == [1250, 1250]
    assert not broken()


def test_the_delivery_is_paid_back_with_the_last_part_only(monkeypatch):
    """Of an express order more is left than is owed, so that the payment's amount is no bound."""
    monkeypatch.setattr("shop.returns.amounts.delivery_price", lambda *, order: 500)
    order, _payment = written_off()
    for pieces in (1, 1):
        receive(requested(order, pieces=[pieces]))
    parts = accepted_without_refund(order=order)
    values = [value_of(found=found, accepted=[(line, line.accepted) for line in found.lines.all()]) for found in parts]
    assert values == [1250, 1750]


def test_what_was_kept_by_the_shopper_or_rejected_is_not_refunded():
    order, payment = written_off()
    receive(requested(order, pieces=[1]), accepted=[0], rejection="It was used.")
    receive(requested(order, pieces=[1]))
    requested(order, pieces=[1])
    capture_late(payment)
    assert Refund.objects.get().amount == 1250
    assert refundable_amount(order=order) == 1250
    assert not broken()
