"""Goods came back while the shop did not have their money, and has it later: it must not keep both."""

import pytest

from orders.models import Order
from payments.gateways import DisputeState
from payments.models import Dispute, GatewayCharge, GatewayDispute, Payment, Refund, RefundStatus
from payments.selectors import refundable_amount
from shop.models import CreditNote, Return, ReturnStatus
from shop.returns.amounts import value_of
from shop.returns.selectors import accepted_returns
from tests.auditing import broken
from tests.delivery import deliver_all, deliver_due, run_periodic
from tests.payments.disputes.disputing import decide, disputed, report
from tests.payments.refunds.refunding import compare, refund_outside, start_refund, work_off
from tests.payments.test_write_offs import lost, write_off
from tests.shop.returns.returned import delivered, receive, requested

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
    """Of an express order more is left than is owed, so that the payment's amount is not a bound."""
    monkeypatch.setattr("shop.returns.amounts.delivery_price", lambda *, order: 500)
    order, _payment = written_off()
    for pieces in (1, 1):
        receive(requested(order, pieces=[pieces]))
    parts = accepted_returns(order=order)
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


def overturn(dispute: Dispute) -> None:
    """The bank decides once more, and for the shop."""
    GatewayDispute.objects.filter(reference=dispute.gateway_id).update(status=DisputeState.WON)
    report(dispute.payment.order, dispute.gateway_id)
    deliver_all()


def test_what_came_back_after_a_lost_dispute_is_refunded_once_that_is_won():
    order = delivered()
    dispute = disputed(order)
    decide(dispute, DisputeState.LOST)
    found = requested(order, pieces=(1, 1))
    assert receive(found) == 0
    overturn(dispute)
    found.refresh_from_db()
    assert (found.amount, found.refund.status) == (2500, RefundStatus.DONE)
    assert refundable_amount(order=order) == 1250
    assert not broken()
    report(order, dispute.gateway_id)
    deliver_all()
    assert Refund.objects.count() == 1


def test_of_a_return_that_got_what_a_lost_dispute_had_left_the_rest_is_refunded_once_that_is_won():
    order = delivered()
    dispute = disputed(order, amount=2000)
    decide(dispute, DisputeState.LOST)
    found = requested(order)
    assert receive(found) == 1750
    deliver_all()
    overturn(dispute)
    assert sorted(Refund.objects.values_list("amount", "status")) == [(1750, "done"), (2000, "done")]
    assert refundable_amount(order=order) == 0
    assert sum(note.total for note in CreditNote.objects.all()) == 3750
    assert not broken()
    report(order, dispute.gateway_id)
    deliver_all()
    assert Refund.objects.count() == 2


def test_a_return_after_a_refund_of_goodwill_gets_no_more_than_its_value():
    order = delivered()
    start_refund(order, 1000)
    found = requested(order, pieces=(1, 0))
    assert receive(found) == 1250
    dispute = disputed(order, amount=500)
    decide(dispute, DisputeState.LOST)
    overturn(dispute)
    assert sum(refund.amount for refund in Refund.objects.all()) == 2250
    assert not broken()


def test_a_refund_that_a_lost_dispute_has_cancelled_is_made_once_that_is_won():
    order = delivered()
    found = requested(order)
    receive(found)
    dispute = disputed(order)
    decide(dispute, DisputeState.LOST)
    run_periodic("shop.follow_returns")
    found.refresh_from_db()
    assert (found.status, found.refund.status) == (ReturnStatus.REFUNDED, RefundStatus.CANCELLED)
    overturn(dispute)
    found.refresh_from_db()
    assert (found.amount, found.refund.status) == (3750, RefundStatus.DONE)
    assert CreditNote.objects.get().total == 3750
    assert not broken()


@pytest.mark.parametrize(("pieces", "outside", "rest"), [((2, 1), 1000, 2750), ((2, 0), 1500, 1000), ((2, 0), 3000, 0)])
def test_what_a_refund_from_outside_leaves_of_a_returns_own_is_refunded(pieces, outside, rest):
    order = delivered(payment_method="pm_refund_fails")
    payment, found = order.payments.get(), requested(order, pieces=pieces)
    value = receive(found)
    work_off()
    GatewayCharge.objects.update(method="pm_card_visa")
    refund_outside(payment, outside)
    compare(payment)
    found.refresh_from_db()
    owed = Refund.objects.filter(status=RefundStatus.PENDING)
    assert sum(refund.amount for refund in owed) == rest
    assert (found.status, found.amount) == (ReturnStatus.RECEIVED, rest or value)
    deliver_due()
    run_periodic("shop.follow_returns")
    found.refresh_from_db()
    assert found.status == ReturnStatus.REFUNDED
    assert sum(note.total for note in CreditNote.objects.all()) == outside + rest
    assert not broken()


def test_what_an_operators_refund_leaves_that_was_cancelled_is_refunded():
    """The return was complete without a refund: all had been refunded, but then the bank returned it."""
    order = delivered(payment_method="pm_refund_fails")
    payment = order.payments.get()
    start_refund(order, 3750)
    found = requested(order)
    assert receive(found) == 0
    work_off()
    GatewayCharge.objects.update(method="pm_card_visa")
    refund_outside(payment, 1000)
    compare(payment)
    deliver_due()
    found.refresh_from_db()
    assert (found.amount, found.refund.status) == (2750, RefundStatus.DONE)
    assert not broken()


def test_the_audit_sees_money_of_goods_that_came_back():
    order = delivered()
    found = requested(order, pieces=(1, 0))
    receive(found)
    deliver_all()
    refund = Refund.objects.get()
    Return.objects.update(refund=None, amount=0)
    CreditNote.objects.all().delete()
    refund.delete()
    assert "goods for 1250 of 3750 came back, but the shop holds 3750." in str(broken())


def test_the_audit_sees_money_of_goods_that_came_back_and_were_refunded_in_part():
    order = delivered()
    receive(requested(order, pieces=(1, 0)))
    deliver_all()
    Refund.objects.update(amount=250)
    Return.objects.update(amount=250)
    assert "goods for 1250 of 3750 came back, but the shop holds 3500." in str(broken())
