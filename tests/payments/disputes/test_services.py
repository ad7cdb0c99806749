"""Disputes: what is disputed is neither refunded nor sent, a lost one is money out, a won one changes nothing."""

import uuid
from functools import partial

import pytest
from django.core.exceptions import PermissionDenied

from messaging.models import Message, State
from orders.models import Hold, Order, Status
from orders.services.operators import Trusted
from payments.disputes.services import mark_answered, record_dispute
from payments.errors import NothingToRefund
from payments.gateways import DisputeState, RequestRefused, simulated_charges, simulated_disputes
from payments.models import Dispute, DisputeStatus, GatewayCharge, GatewayDispute, Refund, RefundStatus
from payments.selectors import refundable_amount
from payments.services import refund_order, refund_remainder
from shipping.models import Shipment
from shop.models import Product
from shop.order_pages.services import cancel
from tests.auditing import broken
from tests.delivery import claim_task, deliver, deliver_all, deliver_due
from tests.factories import place
from tests.payments.disputes.disputing import (
    decide,
    delivered,
    disputed,
    fresh,
    open_at_gateway,
    paid,
    report,
    texts,
)
from tests.races import at_once
from tests.shipping.stranded import NOBODY, Person

pytestmark = pytest.mark.django_db(transaction=True)
CREATE = "shipping.create_shipment"


def refund(order: Order, amount: int) -> Refund:
    made = refund_order(order=order, amount=amount, request_id=uuid.uuid4(), by=Trusted("olga"), reason="late")
    assert made is not None
    return made


def test_a_dispute_becomes_a_record_with_a_deadline_on_the_order_s_timeline():
    order = delivered()
    dispute = disputed(order)
    assert (dispute.amount, dispute.currency, dispute.status) == (order.total, "EUR", "needs_response")
    assert dispute.evidence_due_at is not None
    assert dispute.is_withdrawn
    assert texts(order)[-1] == "The bank is looking into a dispute of €25.00"
    assert broken() == {}


def test_what_is_disputed_is_not_refunded_until_the_bank_decides():
    order = delivered()
    dispute = disputed(order, amount=1000)
    assert refundable_amount(order=order) == order.total - 1000
    with pytest.raises(NothingToRefund, match=r"€10.00 of order .* is disputed, and the bank has not decided yet"):
        refund(order, order.total)
    decide(dispute, DisputeState.WON)
    refund(order, order.total)
    deliver_all()
    assert fresh(order).status == Status.REFUNDED
    assert broken() == {}


def test_a_lost_dispute_is_money_out():
    order = delivered()
    dispute = disputed(order)
    decide(dispute, DisputeState.LOST)
    assert dispute.status == DisputeStatus.LOST
    assert dispute.closed_at is not None
    assert fresh(order).status == Status.DELIVERED
    assert texts(order)[-1] == "The bank has returned €25.00 to the card's owner"
    with pytest.raises(NothingToRefund, match="is left to refund"):
        refund(order, 1)
    assert broken() == {}


def test_money_that_is_gone_twice_is_reported():
    order = delivered()
    decide(disputed(order), DisputeState.LOST)
    Refund.objects.create(payment=order.payments.get(), amount=1, status=RefundStatus.DONE)
    assert order.number in broken()["no payment is refunded beyond what was captured"]


def test_nothing_is_shipped_while_a_payment_is_disputed():
    order = paid()
    dispute = disputed(order)
    assert fresh(order).hold == Hold.DISPUTE
    deliver_due()
    assert not Shipment.objects.exists()
    assert broken() == {}
    decide(dispute, DisputeState.WON)
    deliver_all()
    assert fresh(order).status == Status.DELIVERED
    assert fresh(order).hold == Hold.NONE
    assert broken() == {}


def test_an_order_that_has_not_shipped_is_cancelled_once_its_dispute_is_lost():
    order = paid()
    dispute = disputed(order)
    deliver_due()
    decide(dispute, DisputeState.LOST)
    deliver_all()
    assert fresh(order).status == Status.CANCELLED
    assert "Cancelled because the bank has returned the payment" in texts(order)
    assert Product.objects.get().stock == 100
    assert not Refund.objects.exists()
    assert broken() == {}


def test_an_order_whose_dispute_is_lost_in_part_is_shipped():
    order = paid()
    decide(disputed(order, amount=500), DisputeState.LOST)
    deliver_all()
    assert fresh(order).status == Status.DELIVERED
    assert refundable_amount(order=order) == order.total - 500
    assert broken() == {}


def test_an_order_that_is_cancelled_while_disputed_is_refunded_once_the_dispute_is_won():
    order = paid()
    dispute = disputed(order)
    cancel(order=order)
    deliver_due()
    assert not Refund.objects.exists()
    assert broken() == {}
    decide(dispute, DisputeState.WON)
    deliver_all()
    assert fresh(order).status == Status.REFUNDED
    assert broken() == {}


def test_a_refund_that_the_gateway_has_not_made_is_cancelled_by_a_lost_dispute():
    order = delivered()
    owed = refund(order, 700)
    reference = open_at_gateway(order)
    report(order, reference)
    deliver_due()
    assert "is left to refund" in Message.objects.dead().get().error_message
    decide(Dispute.objects.get(), DisputeState.LOST)
    owed.refresh_from_db()
    assert owed.status == RefundStatus.CANCELLED
    assert broken() == {}


def test_an_inquiry_takes_nothing_and_can_be_settled_by_a_refund():
    order = delivered()
    dispute = disputed(order, is_inquiry=True)
    assert refundable_amount(order=order) == order.total
    refund(order, order.total)
    deliver_due()
    decide(dispute, DisputeState.CLOSED)
    assert fresh(order).status == Status.REFUNDED
    assert texts(order)[-1] == "The dispute was closed"
    assert broken() == {}


def test_an_answer_that_is_older_than_the_record_is_asked_for_again():
    order = delivered()
    reference = open_at_gateway(order)
    old = simulated_disputes.fetch(reference=reference)
    assert old is not None
    report(order, reference)
    deliver(claim_task(task="payments.compare_dispute"))
    simulated_disputes.decide(reference=reference, state=DisputeState.LOST)
    record_dispute(payment=order.payments.get(), record=old, before=None)
    deliver_due()
    assert Dispute.objects.get().status == DisputeStatus.LOST
    assert broken() == {}


def test_a_refund_and_a_dispute_at_once_never_take_more_than_was_paid():
    order = delivered()
    reference = open_at_gateway(order)
    record = simulated_disputes.fetch(reference=reference)
    assert record is not None
    payment = order.payments.select_related("order").get()
    at_once(
        partial(record_dispute, payment=payment, record=record, before=None),
        partial(refund, order, order.total),
        refusals=(NothingToRefund,),
    )
    deliver_due()
    decide(Dispute.objects.get(), DisputeState.LOST)
    assert refund_remainder(payment=payment) is None
    assert not Refund.objects.exclude(status=RefundStatus.CANCELLED).exists()
    assert broken() == {}


def test_a_booking_and_a_dispute_at_once_leave_no_parcel_that_nobody_knows():
    order = paid()
    reference = open_at_gateway(order)
    record = simulated_disputes.fetch(reference=reference)
    assert record is not None
    payment, booking = order.payments.get(), claim_task(task=CREATE)
    at_once(partial(record_dispute, payment=payment, record=record, before=None), partial(deliver, booking))
    deliver_due()
    assert broken() == {}
    decide(Dispute.objects.get(), DisputeState.WON)
    deliver_all()
    assert fresh(order).status == Status.DELIVERED
    assert broken() == {}


def test_a_dispute_is_marked_as_answered_once_and_with_permission():
    dispute = disputed(delivered())
    with pytest.raises(PermissionDenied):
        mark_answered(dispute=dispute, by=NOBODY)
    olga = Person({"payments.answer_dispute"})
    assert [mark_answered(dispute=dispute, by=olga) for _ in range(2)] == [True, False]
    decide(dispute, DisputeState.UNDER_REVIEW)
    assert dispute.answered_at is not None


def test_a_bank_that_asks_again_needs_another_answer():
    order = delivered()
    dispute = disputed(order, is_inquiry=True)
    mark_answered(dispute=dispute, by=Person({"payments.answer_dispute"}))
    GatewayDispute.objects.update(is_inquiry=False)
    report(order, dispute.gateway_id)
    deliver_due()
    dispute.refresh_from_db()
    assert dispute.answered_at is None
    assert fresh(order).hold == Hold.DISPUTE


def test_a_charge_is_not_disputed_twice_at_the_simulated_gateway():
    order = delivered()
    open_at_gateway(order)
    with pytest.raises(RequestRefused):
        open_at_gateway(order)
    assert GatewayDispute.objects.count() == 1


def test_a_wrong_hold_is_reported():
    order = paid()
    Order.objects.update(hold=Hold.REFUND)
    assert order.number in broken()["an order is on hold exactly while its money is going back, or may have to"]


def test_a_dispute_that_the_gateway_does_not_know_is_reported():
    disputed(delivered())
    Dispute.objects.update(gateway_id="dp_1")
    assert "dp_1" in broken()["disputes are the gateway's"]


def test_a_charge_whose_reply_was_lost_is_recorded_with_its_dispute():
    order = place(payment_method="pm_lost_reply")
    assert deliver(claim_task(task="payments.charge_payment")) == State.PENDING
    charge = GatewayCharge.objects.get(idempotency_key=str(order.payments.get().pk))
    simulated_charges.capture(reference=charge.reference, amount=charge.amount)
    report(order, simulated_disputes.open_dispute(charge_reference=charge.reference).reference)
    deliver(claim_task(task="payments.compare_dispute"))
    assert fresh(order).status == Status.PAID
    assert fresh(order).hold == Hold.DISPUTE
    assert broken() == {}
