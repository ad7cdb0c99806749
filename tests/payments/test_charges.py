"""Charge task: scripted outcomes, duplicate deliveries, lost replies and retries."""

from typing import Any

import pytest

from messaging.models import Message, State
from messaging.operations.actions import retry
from messaging.operations.permissions import Actor
from orders.models import Status
from orders.transitions import IllegalTransition
from payments import selectors, services
from payments.errors import NotPending
from payments.gateways import Charge
from payments.gateways.simulated import SimulatedGateway
from payments.models import GatewayCharge, Payment, PaymentStatus, Refund
from payments.selectors import PaymentSummary
from payments.services.transitions import change_status
from shop.order_pages.services import cancel, pay_again
from tests.delivery import claim_task, deliver, deliver_all, deliver_due, make_due
from tests.factories import place
from tests.payments.outcomes import CHARGE, authorised, is_sound, status, summary

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_working_card_pays_the_order():
    order = place()
    assert deliver(claim_task(task=CHARGE)) == State.DONE
    payment = order.payments.get()
    assert status(order) == Status.PAID
    assert payment.status == PaymentStatus.AUTHORISED
    assert (payment.authorised_at is None, payment.captured_at is None) == (False, True)
    assert payment.gateway_reference == GatewayCharge.objects.get(idempotency_key=str(payment.id)).reference
    assert summary(order) == PaymentSummary("authorised", 1, "pm_card_visa", "")
    assert Message.objects.filter(task="shipping.create_shipment", subject=order.number).count() == 1
    assert is_sound()


def test_a_declined_card_fails_the_payment_at_once():
    order = place(payment_method="pm_card_declined")
    assert deliver(claim_task(task=CHARGE)) == State.DONE
    assert status(order) == Status.PAYMENT_FAILED
    assert summary(order) == PaymentSummary("failed", 1, "pm_card_declined", "card_declined")
    assert order.events.get(kind="payment_failed").data == {"reason": "card_declined"}
    assert is_sound()


def test_a_flaky_bank_takes_three_attempts():
    order = place(payment_method="pm_flaky_2")
    message = claim_task(task=CHARGE)
    assert deliver(message) == State.PENDING
    assert status(order) == Status.PLACED
    assert summary(order) == PaymentSummary("pending", 1, "pm_flaky_2", "")
    deliver_all()
    assert status(order) == Status.DELIVERED
    assert summary(order).attempts == 3
    texts = [(event.kind, event.data.get("attempt")) for event in order.events.filter(kind="attempt_failed")]
    assert texts == [("attempt_failed", 1), ("attempt_failed", 2)]
    assert is_sound()


def test_an_outage_leads_to_a_dead_message_that_an_operator_can_retry(settings: Any):
    order = place(payment_method="pm_outage")
    message = Message.objects.get(task=CHARGE)
    deliver_all()
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.DEAD, settings.CONVEYOR_RETRY_MAX_ATTEMPTS)
    assert "GatewayUnavailable" in message.error_type
    assert status(order) == Status.PLACED
    assert order.events.last().data["retry_at"] is None  # type: ignore[union-attr]
    assert is_sound()
    Payment.objects.update(method="pm_card_visa")  # the bank is back
    retry(ids=[message.pk], actor=Actor.system("operator"))
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert summary(order).attempts == settings.CONVEYOR_RETRY_MAX_ATTEMPTS + 1
    assert is_sound()


def test_a_lost_reply_leaves_exactly_one_charge():
    order = place(payment_method="pm_lost_reply")
    deliver(claim_task(task=CHARGE))
    assert GatewayCharge.objects.count() == 1
    assert status(order) == Status.PLACED
    assert is_sound()
    make_due(task=CHARGE)
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert summary(order).attempts == 2
    assert GatewayCharge.objects.count() == 1
    assert is_sound()


def test_a_bug_is_dead_at_once_with_its_traceback_and_one_retry_finishes_the_order():
    order = place(payment_method="pm_bug")
    message = claim_task(task=CHARGE)
    assert deliver(message) == State.DEAD
    attempt = message.attempt_set.get()
    assert "RuntimeError" in attempt.error_type
    assert "simulated.py" in attempt.traceback
    assert status(order) == Status.PLACED
    assert is_sound()
    Payment.objects.update(method="pm_card_visa")  # the bug is fixed
    retry(ids=[message.pk], actor=Actor.system("operator"))
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert is_sound()


def test_a_second_delivery_changes_nothing():
    order = place()
    message = claim_task(task=CHARGE)
    deliver(message)
    assert deliver(message) == State.DONE
    assert deliver(message, redelivered=True) == State.DONE
    assert order.events.filter(kind="paid").count() == 1
    assert GatewayCharge.objects.count() == 1
    assert message.attempt_set.count() == 0
    assert is_sound()


def test_a_second_delivery_of_a_declined_card_changes_nothing():
    order = place(payment_method="pm_card_declined")
    message = claim_task(task=CHARGE)
    deliver(message)
    assert deliver(message) == State.DONE
    assert order.events.filter(kind="payment_failed").count() == 1
    assert is_sound()


def test_a_worker_lost_between_charge_and_commit_charges_once():
    order = place()
    message = claim_task(task=CHARGE)
    payment = order.payments.get()
    authorised(idempotency_key=str(payment.id), amount=payment.amount, currency="EUR", method=payment.method)
    assert is_sound()
    assert deliver(message, redelivered=True) == State.DONE
    assert status(order) == Status.PAID
    assert GatewayCharge.objects.count() == 1
    assert is_sound()


def test_after_a_decline_another_card_pays():
    order = place(payment_method="pm_card_declined")
    deliver_due()
    pay_again(order=order, payment_method="pm_card_visa")
    assert summary(order) == PaymentSummary("pending", 0, "pm_card_visa", "")
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert list(order.payments.values_list("status", flat=True)) == ["failed", "captured"]
    assert GatewayCharge.objects.count() == 1
    assert is_sound()


def test_a_payment_that_has_changed_is_not_changed_again():
    payment = place().payments.get()
    Payment.objects.update(status=PaymentStatus.FAILED)
    with pytest.raises(NotPending):
        change_status(payment, [PaymentStatus.PENDING], status=PaymentStatus.AUTHORISED)
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.FAILED


def test_a_late_authorisation_of_a_payment_that_failed_is_released():
    order = place(payment_method="pm_card_declined")
    deliver_due()
    payment = order.payments.get()
    late = authorised(idempotency_key=str(payment.pk), amount=payment.amount)
    services.record_outcome(payment=payment, charge=late)
    assert status(order) == Status.PAYMENT_FAILED
    deliver_due()
    assert GatewayCharge.objects.get().state == GatewayCharge.State.VOIDED
    assert is_sound()


def test_an_authorisation_that_a_webhook_records_while_the_card_is_charged_is_recorded_once():
    order = place()
    message, payment = claim_task(task=CHARGE), order.payments.get()
    charge = services.charge_once(payment=payment, is_first_attempt=True)
    assert charge is not None
    for _ in range(2):
        services.record_outcome(payment=payment, charge=charge)
    assert status(order) == Status.PAID
    assert order.payments.get().status == PaymentStatus.AUTHORISED
    assert not Refund.objects.exists()
    assert deliver(message) == State.DONE
    assert is_sound()


def test_an_order_has_at_most_one_pending_payment():
    order = place()
    with pytest.raises(IllegalTransition):
        pay_again(order=order, payment_method="pm_card_visa")
    assert order.payments.count() == 1


def test_an_order_without_a_payment_has_no_summary():
    assert selectors.summary(order_id=1) is None


@pytest.mark.parametrize("odd", [{"amount": 1}, {"currency": "JPY"}])
def test_a_charge_of_another_amount_or_currency_does_not_pay_the_order(monkeypatch: pytest.MonkeyPatch, odd: Any):
    class Odd(SimulatedGateway):
        def authorise(self, **kwargs: Any) -> Charge:
            return super().authorise(**(kwargs | odd))

    monkeypatch.setattr("payments.services.charges.gateway", lambda **of: Odd())
    order = place()
    message = claim_task(task=CHARGE)
    assert deliver(message) == State.DEAD
    assert message.error_type.endswith("GatewayMismatch")
    assert status(order) == Status.PLACED
    cancel(order=order)
    deliver_due()
    assert GatewayCharge.objects.get().state == GatewayCharge.State.VOIDED
