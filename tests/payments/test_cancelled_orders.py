"""Cancelled orders: never charged, or refunded once, whenever the cancellation happens."""

from typing import Any

import pytest

from messaging.models import Message, State
from orders.models import Order, Status
from payments import services
from payments.gateways import Charge
from payments.gateways.simulated import SimulatedGateway
from payments.models import GatewayCharge, GatewayRefund, Payment, PaymentStatus
from payments.selectors import PaymentSummary
from shop.order_pages.services import cancel
from tests.delivery import claim_task, deliver, deliver_all
from tests.factories import place
from tests.payments.outcomes import CHARGE, REFUND, Interrupted, capture_now, charged, is_sound, status, summary

pytestmark = pytest.mark.django_db(transaction=True)


def assert_released(order: Order) -> None:
    """Nothing was taken, and the gateway reserves nothing any more."""
    assert status(order) == Status.CANCELLED
    assert order.payments.get().status == PaymentStatus.CANCELLED
    charge = GatewayCharge.objects.get()
    assert (charge.is_captured, charge.state) == (False, GatewayCharge.State.VOIDED)
    assert not GatewayRefund.objects.exists()
    assert is_sound()


def test_an_order_cancelled_before_its_charge_is_never_charged():
    order = place()
    cancel(order=order)
    assert order.payments.get().status == PaymentStatus.CANCELLED
    deliver_all()
    assert status(order) == Status.CANCELLED
    assert not GatewayCharge.objects.exists()
    assert summary(order) == PaymentSummary("cancelled", 0, "pm_card_visa", "")
    assert is_sound()


def test_an_order_cancelled_during_its_charge_is_released(monkeypatch: pytest.MonkeyPatch):
    order = place()
    interrupted = Interrupted(then=lambda: cancel(order=Order.objects.get()))
    monkeypatch.setattr("payments.services.charges.gateway", lambda **of: interrupted)
    assert deliver(claim_task(task=CHARGE)) == State.DONE
    assert status(order) == Status.CANCELLED
    assert order.payments.get().status == PaymentStatus.CANCELLED
    assert is_sound()
    monkeypatch.undo()
    deliver_all()
    assert_released(order)


def test_a_charge_that_outlives_its_message_is_released(monkeypatch: pytest.MonkeyPatch):
    """A worker that was cut off still charges while the message is redelivered, for a cancelled order."""
    order = place()
    cut_off = claim_task(task=CHARGE)

    class Slow(SimulatedGateway):
        def authorise(self, **kwargs: Any) -> Charge:
            monkeypatch.undo()
            cancel(order=Order.objects.get())
            Message.objects.filter(pk=cut_off.pk).update(state=State.SENT, sends=2)
            assert deliver(Message.objects.get(pk=cut_off.pk), redelivered=True) == State.DONE
            return super().authorise(**kwargs)

    monkeypatch.setattr("payments.services.charges.gateway", lambda **of: Slow())
    assert deliver(cut_off) == State.DONE
    assert order.payments.get().status == PaymentStatus.CANCELLED
    assert GatewayCharge.objects.count() == 1
    assert is_sound()
    deliver_all()
    assert_released(order)


def test_an_order_cancelled_after_a_lost_reply_is_released():
    order = place(payment_method="pm_lost_reply")
    deliver(claim_task(task=CHARGE))
    cancel(order=order)
    assert is_sound()
    deliver_all()
    assert_released(order)


def test_an_order_cancelled_while_its_card_is_declined_stays_cancelled(monkeypatch: pytest.MonkeyPatch):
    order = place(payment_method="pm_card_declined")

    class CancelledFirst(SimulatedGateway):
        def authorise(self, **kwargs: Any) -> Charge:
            cancel(order=Order.objects.get())
            return super().authorise(**kwargs)

    monkeypatch.setattr("payments.services.charges.gateway", lambda **of: CancelledFirst())
    assert deliver(claim_task(task=CHARGE)) == State.DONE
    assert status(order) == Status.CANCELLED
    assert order.payments.get().status == PaymentStatus.CANCELLED
    assert is_sound()


def test_an_order_cancelled_after_capture_is_refunded_once():
    order = place()
    deliver(claim_task(task=CHARGE))
    capture_now(order)
    cancel(order=order)
    assert is_sound()
    message = claim_task(task=REFUND)
    assert deliver(message) == State.DONE
    deliver(message)
    deliver(message, redelivered=True)
    assert status(order) == Status.REFUNDED
    assert GatewayRefund.objects.get().amount == order.total
    assert is_sound()


def test_two_deliveries_of_a_refund_at_once_refund_once(monkeypatch: pytest.MonkeyPatch):
    order = place()
    deliver(claim_task(task=CHARGE))
    capture_now(order)
    cancel(order=order)
    message = claim_task(task=REFUND)

    def other_delivery() -> None:
        monkeypatch.undo()
        deliver(message)

    interrupted = Interrupted(then=other_delivery)
    monkeypatch.setattr("payments.services.charges.gateway", lambda **of: interrupted)
    assert deliver(message) == State.DONE
    assert status(order) == Status.REFUNDED
    assert GatewayRefund.objects.count() == 1
    assert is_sound()


def test_a_completed_refund_is_not_requested_again():
    order = place()
    deliver(claim_task(task=CHARGE))
    capture_now(order)
    cancel(order=order)
    message = claim_task(task=REFUND)
    deliver(message)
    Message.objects.filter(pk=message.pk).update(state=State.SENT)
    assert deliver(message) == State.DONE
    assert order.events.filter(kind="refunded").count() == 1


def test_a_second_capture_of_a_paid_order_is_refunded_and_the_order_stays_paid():
    order = place()
    deliver(claim_task(task=CHARGE))
    second = Payment.objects.create(order=order, method="pm_card_visa", amount=order.total, currency="EUR")
    charge = charged(idempotency_key=str(second.id), amount=second.amount, currency="EUR", method=second.method)
    services.record_outcome(payment=second, charge=charge)
    assert is_sound()
    deliver(claim_task(task=REFUND))
    assert status(order) == Status.PAID
    assert is_sound()
