"""Invariants of payments and refunds: money that does not add up is reported."""

from typing import Any

import pytest

from messaging.models import Message, State
from orders.models import Order, Status
from payments.gateways.simulated import SimulatedGateway
from payments.models import GatewayCharge, GatewayRefund, Payment, PaymentStatus, Refund
from shop.order_pages.services import cancel
from tests.auditing import broken
from tests.delivery import claim_task, deliver, deliver_all
from tests.factories import place
from tests.payments.outcomes import capture_now, charged

pytestmark = pytest.mark.django_db(transaction=True)
ADDS_UP = "an order's money, reserved or captured, less refunds is its total, or nothing"
PAID_ONCE, CHARGED_ONCE = "no order is paid twice", "no payment is charged twice"
CAPTURES, REFUNDS = "captured payments agree with the gateway's record", "refunds agree with the gateway's record"
CHARGES = "the gateway's charges are recorded"
RESERVED = "the gateway reserves money only for orders that want it"
OWED = "every pending refund has a message that will complete it"


def paid() -> Order:
    order = place()
    deliver(claim_task(task="payments.charge_payment"))
    capture_now(order)
    assert broken() == {}
    return order


def refunded() -> Order:
    order = paid()
    cancel(order=order)
    assert broken() == {}
    deliver_all()
    assert broken() == {}
    return order


def another_payment(order: Order) -> Payment:
    payment = Payment.objects.create(order=order, method="pm_card_visa", amount=order.total, currency="EUR")
    charge = charged(idempotency_key=str(payment.id), amount=order.total, currency="EUR", method="pm_card_visa")
    Payment.objects.filter(pk=payment.pk).update(status=PaymentStatus.CAPTURED, gateway_reference=charge.reference)
    return payment


def test_too_little_money_for_a_paid_order_is_reported():
    order = paid()
    Payment.objects.update(amount=1)
    assert order.number in broken()[ADDS_UP]


@pytest.mark.parametrize("status", [Status.PLACED, Status.PAYMENT_FAILED, Status.CANCELLED, Status.REFUNDED])
def test_money_held_for_an_order_that_owes_none_is_reported(status: str):
    order = paid()
    Order.objects.update(status=status)
    assert order.number in broken()[ADDS_UP]


def test_an_order_that_is_paid_twice_is_reported():
    order = paid()
    another_payment(order)
    found = broken()
    assert found[PAID_ONCE] == f"Order {order.number} is paid by 2 payments."
    assert ADDS_UP in found


def test_a_payment_charged_under_two_spellings_of_its_id_is_reported():
    order = paid()
    payment = order.payments.get()
    charged(idempotency_key=payment.id.hex, amount=1, currency="EUR", method="pm_card_visa")
    assert payment.id.hex in broken()[CHARGED_ONCE]


def test_one_charge_that_is_recorded_for_two_payments_is_reported():
    order, other = paid(), paid()
    reference = order.payments.get().gateway_reference
    other.payments.update(gateway_reference=reference)
    assert reference in broken()["no charge is recorded twice"]


@pytest.mark.parametrize("change", [{"amount": 1}, {"currency": "GBP"}, {"reference": "ch_other"}])
def test_a_capture_that_the_gateway_does_not_know_is_reported(change: dict[str, Any]):
    order = paid()
    GatewayCharge.objects.update(**change)
    assert order.number in broken()[CAPTURES]


def test_an_unrecorded_charge_is_reported_unless_its_message_is_unsettled():
    place(payment_method="pm_lost_reply")
    message = claim_task(task="payments.charge_payment")
    deliver(message)
    assert broken() == {}
    Message.objects.filter(pk=message.pk).update(state=State.DEAD)
    assert CHARGES not in broken()
    Message.objects.filter(pk=message.pk).update(state=State.DISCARDED)
    assert GatewayCharge.objects.get().reference in broken()[RESERVED]
    GatewayCharge.objects.update(is_captured=True)
    assert GatewayCharge.objects.get().reference in broken()[CHARGES]


def test_a_charge_without_a_payment_is_reported():
    charge = charged(idempotency_key="stranger", amount=1, currency="EUR", method="pm_card_visa")
    assert charge.reference in broken()[CHARGES]


def test_a_refund_that_the_gateway_did_not_make_is_reported():
    refunded()
    GatewayRefund.objects.all().delete()
    assert str(Refund.objects.get().pk) in broken()[REFUNDS]


def test_an_unrecorded_refund_is_reported_unless_its_message_is_unsettled():
    order = paid()
    cancel(order=order)
    refund = Refund.objects.get()
    made = SimulatedGateway().refund(
        idempotency_key=str(refund.id),
        charge_reference=order.payments.get().gateway_reference,
        amount=refund.amount,
    )
    assert broken() == {}
    Message.objects.filter(task="payments.refund_payment").update(state=State.DISCARDED)
    found = broken()
    assert made.reference in found["the gateway's refunds are recorded"]
    assert order.number in found[OWED]


@pytest.mark.parametrize("amount", [1, 2499])
def test_a_refund_that_is_not_all_a_cancelled_order_is_owed_is_reported(amount: int):
    order = paid()
    cancel(order=order)
    Refund.objects.update(amount=amount)
    assert order.number in broken()[ADDS_UP]


def test_more_refunds_than_were_paid_are_reported():
    order = refunded()
    Refund.objects.create(payment=order.payments.get(), amount=1, status="done")
    assert order.number in broken()["no payment is refunded beyond what was captured"]


def test_the_simulated_record_is_ignored_with_another_gateway(settings: Any):
    paid()
    GatewayCharge.objects.all().delete()
    settings.PAYMENT_GATEWAY = "stripe"
    assert broken() == {}
