"""Does each scripted outcome end as it must, whatever happens between the bank's answer and its recording?"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging import circuit_breaker
from messaging.invariants import audit
from messaging.models import Message, State
from messaging.operations.actions import retry
from messaging.operations.permissions import Actor
from orders.errors import IllegalTransition
from orders.models import Order, Status
from payments import selectors, services
from payments.errors import NotPending
from payments.gateways import ChargeResult, RefundResult
from payments.gateways.simulated import SimulatedGateway
from payments.models import GatewayCharge, GatewayRefund, Payment, PaymentStatus
from payments.selectors import PaymentSummary
from shop.order_pages.services import cancel, pay_again
from tests.delivery import deliver, deliver_all, deliver_due, hurry, take
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
CHARGE, REFUND = "payments.charge_payment", "payments.refund_payment"


def summary(order: Order) -> PaymentSummary:
    found = selectors.summary(order_id=order.pk)
    assert found is not None
    return found


def status(order: Order) -> str:
    order.refresh_from_db()
    return order.status


def is_sound() -> bool:
    """Nobody paid twice, nothing is owed, and whatever is unfinished has a message."""
    violations = audit()
    assert violations == []
    return True


class Interrupted(SimulatedGateway):
    """A gateway that lets something happen after it has done its part, before the shop records the answer."""

    def __init__(self, then: Callable[[], object]) -> None:
        self.then = then

    def charge(self, **kwargs: Any) -> ChargeResult:
        result = super().charge(**kwargs)
        self.then()
        return result

    def refund(self, **kwargs: Any) -> RefundResult:
        result = super().refund(**kwargs)
        self.then()
        return result


def test_a_card_that_works_pays_the_order():
    order = place()
    assert deliver(take(task=CHARGE)) == State.DONE
    payment = order.payments.get()
    assert status(order) == Status.PAID
    assert payment.status == PaymentStatus.CAPTURED
    assert payment.captured_at is not None
    assert payment.gateway_reference == GatewayCharge.objects.get(idempotency_key=str(payment.id)).reference
    assert summary(order) == PaymentSummary("captured", 1, "pm_card_visa", "")
    assert Message.objects.filter(task="shipping.create_shipment", subject=order.number).count() == 1
    assert is_sound()


def test_a_happy_charge_is_one_commit_and_at_most_eight_statements(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(circuit_breaker, "LOOK_SECONDS", 3600)
    place()
    deliver(take(task="orders.send_email"))  # loads what a worker has loaded long before
    deliver(take(task=CHARGE))  # looks whether the gateway is up, as a process does once a second
    place()
    message = take(task=CHARGE)
    with CaptureQueriesContext(connection) as captured:
        deliver(message)
    statements = [query["sql"] for query in captured][:-1]  # the last one is the test's own look at the message
    assert statements.count("COMMIT") == 1
    work = [sql for sql in statements if not sql.startswith(("BEGIN", "COMMIT"))]
    assert len(work) <= 8, work


def test_a_declined_card_fails_the_payment_at_once():
    order = place(payment_method="pm_card_declined")
    assert deliver(take(task=CHARGE)) == State.DONE
    assert status(order) == Status.PAYMENT_FAILED
    assert summary(order) == PaymentSummary("failed", 1, "pm_card_declined", "card_declined")
    assert order.events.get(kind="payment_failed").data == {"reason": "card_declined"}
    assert is_sound()


def test_a_flaky_bank_is_asked_three_times():
    order = place(payment_method="pm_flaky_2")
    message = take(task=CHARGE)
    assert deliver(message) == State.PENDING
    assert status(order) == Status.PLACED
    assert summary(order) == PaymentSummary("pending", 1, "pm_flaky_2", "")
    deliver_all()
    assert status(order) == Status.DELIVERED
    assert summary(order).attempts == 3
    texts = [(event.kind, event.data.get("attempt")) for event in order.events.filter(kind="attempt_failed")]
    assert texts == [("attempt_failed", 1), ("attempt_failed", 2)]
    assert is_sound()


def test_an_outage_ends_as_a_dead_task_that_a_person_can_retry(settings: Any):
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
    deliver(take(task=CHARGE))
    assert GatewayCharge.objects.count() == 1
    assert status(order) == Status.PLACED
    assert is_sound()
    hurry(task=CHARGE)
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert summary(order).attempts == 2
    assert GatewayCharge.objects.count() == 1
    assert is_sound()


def test_a_bug_is_dead_at_once_with_its_traceback_and_one_retry_finishes_the_order():
    order = place(payment_method="pm_bug")
    message = take(task=CHARGE)
    assert deliver(message) == State.DEAD
    attempt = message.attempt_set.get()
    assert "RuntimeError" in attempt.error_type
    assert "simulated.py" in attempt.traceback
    assert status(order) == Status.PLACED
    assert is_sound()
    Payment.objects.update(method="pm_card_visa")  # the bug is mended
    retry(ids=[message.pk], actor=Actor.system("operator"))
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert is_sound()


def test_a_second_delivery_changes_nothing():
    order = place()
    message = take(task=CHARGE)
    deliver(message)
    assert deliver(message) == State.DONE
    assert deliver(message, redelivered=True) == State.DONE
    assert order.events.filter(kind="paid").count() == 1
    assert GatewayCharge.objects.count() == 1
    assert message.attempt_set.count() == 0
    assert is_sound()


def test_a_second_delivery_of_a_declined_card_changes_nothing():
    order = place(payment_method="pm_card_declined")
    message = take(task=CHARGE)
    deliver(message)
    assert deliver(message) == State.DONE
    assert order.events.filter(kind="payment_failed").count() == 1
    assert is_sound()


def test_a_worker_lost_between_charge_and_commit_charges_once():
    order = place()
    message = take(task=CHARGE)
    payment = order.payments.get()
    SimulatedGateway().charge(
        idempotency_key=str(payment.id), amount=payment.amount, currency="EUR", method=payment.method
    )
    assert is_sound()
    assert deliver(message, redelivered=True) == State.DONE
    assert status(order) == Status.PAID
    assert GatewayCharge.objects.count() == 1
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


def test_an_order_cancelled_while_the_bank_is_asked_gets_its_money_back(monkeypatch: pytest.MonkeyPatch):
    order = place()
    interrupted = Interrupted(then=lambda: cancel(order=Order.objects.get()))
    monkeypatch.setattr("payments.tasks.gateway", lambda: interrupted)
    assert deliver(take(task=CHARGE)) == State.DONE
    assert status(order) == Status.CANCELLED
    assert order.payments.get().status == PaymentStatus.CAPTURED
    assert is_sound()
    monkeypatch.undo()
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert order.payments.get().status == PaymentStatus.REFUNDED
    assert GatewayRefund.objects.get().amount == order.total
    assert is_sound()


def test_a_charge_that_outlives_its_message_gets_the_money_back(monkeypatch: pytest.MonkeyPatch):
    """A worker that was cut off is still asking the bank while the message is sent again, for a cancelled order."""
    order = place()
    cut_off = take(task=CHARGE)

    class Slow(SimulatedGateway):
        def charge(self, **kwargs: Any) -> ChargeResult:
            monkeypatch.undo()
            cancel(order=Order.objects.get())
            Message.objects.filter(pk=cut_off.pk).update(state=State.SENT, sends=2)
            assert deliver(Message.objects.get(pk=cut_off.pk), redelivered=True) == State.DONE
            return super().charge(**kwargs)

    monkeypatch.setattr("payments.tasks.gateway", Slow)
    assert deliver(cut_off) == State.DONE
    assert order.payments.get().status == PaymentStatus.CANCELLED
    assert GatewayCharge.objects.count() == 1
    assert is_sound()
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert GatewayRefund.objects.get().amount == order.total
    assert is_sound()


def test_an_order_cancelled_after_a_lost_reply_gets_its_money_back():
    order = place(payment_method="pm_lost_reply")
    deliver(take(task=CHARGE))
    cancel(order=order)
    assert is_sound()
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert GatewayRefund.objects.get().amount == order.total
    assert is_sound()


def test_an_order_cancelled_while_its_card_is_declined_stays_cancelled(monkeypatch: pytest.MonkeyPatch):
    order = place(payment_method="pm_card_declined")

    class CancelledFirst(SimulatedGateway):
        def charge(self, **kwargs: Any) -> ChargeResult:
            cancel(order=Order.objects.get())
            return super().charge(**kwargs)

    monkeypatch.setattr("payments.tasks.gateway", CancelledFirst)
    assert deliver(take(task=CHARGE)) == State.DONE
    assert status(order) == Status.CANCELLED
    assert order.payments.get().status == PaymentStatus.CANCELLED
    assert is_sound()


def test_an_order_cancelled_after_capture_is_refunded_once():
    order = place()
    deliver(take(task=CHARGE))
    cancel(order=order)
    assert is_sound()
    message = take(task=REFUND)
    assert deliver(message) == State.DONE
    deliver(message)
    deliver(message, redelivered=True)
    assert status(order) == Status.REFUNDED
    assert GatewayRefund.objects.get().amount == order.total
    assert is_sound()


def test_two_deliveries_of_a_refund_at_once_refund_once(monkeypatch: pytest.MonkeyPatch):
    order = place()
    deliver(take(task=CHARGE))
    cancel(order=order)
    message = take(task=REFUND)

    def other_delivery() -> None:
        monkeypatch.undo()
        deliver(message)

    interrupted = Interrupted(then=other_delivery)
    monkeypatch.setattr("payments.tasks.gateway", lambda: interrupted)
    assert deliver(message) == State.DONE
    assert status(order) == Status.REFUNDED
    assert GatewayRefund.objects.count() == 1
    assert is_sound()


def test_a_refund_that_is_done_is_not_asked_for_again():
    order = place()
    deliver(take(task=CHARGE))
    cancel(order=order)
    message = take(task=REFUND)
    deliver(message)
    Message.objects.filter(pk=message.pk).update(state=State.SENT)
    assert deliver(message) == State.DONE
    assert order.events.filter(kind="refunded").count() == 1


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


def test_money_that_comes_for_an_order_already_paid_goes_back_and_the_order_stays_paid():
    order = place()
    deliver(take(task=CHARGE))
    stray = Payment.objects.create(order=order, method="pm_card_visa", amount=order.total, currency="EUR")
    charge = SimulatedGateway().charge(
        idempotency_key=str(stray.id), amount=stray.amount, currency="EUR", method=stray.method
    )
    services.record_capture(payment=stray, charge=charge)
    assert is_sound()
    deliver(take(task=REFUND))
    assert status(order) == Status.PAID
    assert is_sound()


def test_a_payment_that_was_answered_behind_our_back_is_not_recorded_twice():
    order = place()
    payment = order.payments.get()
    Payment.objects.update(status=PaymentStatus.FAILED)
    with pytest.raises(NotPending):
        services.record_capture(payment=payment, charge=ChargeResult("ch_1", payment.amount, "EUR"))
    assert status(order) == Status.PLACED


def test_an_order_has_no_two_open_payments():
    order = place()
    with pytest.raises(IllegalTransition):
        pay_again(order=order, payment_method="pm_card_visa")
    assert order.payments.count() == 1


def test_an_order_without_a_payment_has_no_summary():
    assert selectors.summary(order_id=1) is None
