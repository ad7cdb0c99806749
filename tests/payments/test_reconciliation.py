"""Reconciliation with the gateway: safe differences are repaired, others become dead letters."""

import uuid

import pytest

from messaging.invariants import audit
from messaging.models import Message, State
from messaging.operations.actions import retry
from messaging.operations.permissions import Actor
from messaging.outbox import enqueue, transaction
from orders.models import Order, Status
from payments.gateways import GatewayUnavailable, RefundRecord, RefundState
from payments.gateways.simulated import SimulatedGateway
from payments.models import REFUND_TRANSITIONS, GatewayCharge, Payment, PaymentStatus, Refund, RefundStatus
from payments.payloads import Reconcile
from payments.services import record_refund
from tests.delivery import claim_task, deliver, deliver_due
from tests.factories import place
from tests.payments.outcomes import capture_now, charged, is_sound, reconcile
from tests.payments.refunds.refunding import compare, delivered, fresh, refund_outside, start_refund

pytestmark = pytest.mark.django_db(transaction=True)
CHARGE, COMPARE = "payments.charge_payment", "payments.compare_payment"


def paid() -> Payment:
    order = place()
    deliver(claim_task(task=CHARGE, subject=order.number))
    capture_now(order)
    return order.payments.get()


def abandoned(order: Order) -> Payment:
    """The order's payment, whose charge message is discarded."""
    Message.objects.filter(task=CHARGE, subject=order.number).update(state=State.DISCARDED)
    return order.payments.get()


def dead_error() -> str:
    return Message.objects.dead().get().error_message


def test_nothing_is_done_where_both_agree():
    paid()
    assert reconcile() == []


def test_an_unrecorded_capture_pays_the_order():
    order = place()
    payment = abandoned(order)
    charged(idempotency_key=str(payment.pk), amount=payment.amount, currency=payment.currency, method="pm_card_visa")
    assert len(reconcile()) == 1
    order.refresh_from_db()
    assert order.status in (Status.PAID, Status.SHIPPED)
    assert not Message.objects.dead().exists()
    assert reconcile() == []


def test_a_payment_in_progress_is_left_alone():
    payment = place().payments.get()
    charged(idempotency_key=str(payment.pk), amount=payment.amount, currency=payment.currency, method="pm_card_visa")
    assert not [m for m in reconcile() if m.payload["payment_id"] == str(payment.pk)]
    assert audit() == []


def test_a_capture_that_the_gateway_does_not_know_needs_an_operator():
    paid()
    GatewayCharge.objects.all().delete()
    reconcile()
    assert "the gateway has no such charge" in dead_error()


def test_a_different_amount_needs_an_operator():
    payment = paid()
    GatewayCharge.objects.update(amount=payment.amount - 1)
    reconcile()
    assert "is for €25.00, but €24.99 was captured" in dead_error()


def test_an_unrecorded_charge_of_another_amount_does_not_pay_the_order():
    order = place()
    payment = abandoned(order)
    charged(idempotency_key=str(payment.pk), amount=1, currency=payment.currency, method="pm_card_visa")
    reconcile()
    assert "but €0.01 was charged" in dead_error()
    order.refresh_from_db()
    assert order.status == Status.PLACED


def test_a_charge_without_a_payment_needs_an_operator():
    charged(idempotency_key=str(uuid.uuid4()), amount=900, currency="EUR", method="pm_card_visa")
    reconcile()
    assert dead_error().startswith("The gateway captured 900 EUR")


def test_a_difference_is_reported_once_until_it_is_resolved():
    paid()
    GatewayCharge.objects.all().delete()
    assert len(reconcile()) == 1
    assert reconcile() == []
    assert Message.objects.dead().count() == 1


def test_a_retry_settles_a_difference_that_was_resolved():
    payment = paid()
    GatewayCharge.objects.update(amount=1)
    reconcile()
    GatewayCharge.objects.update(amount=payment.amount)
    retry(ids=[Message.objects.dead().get().pk], actor=Actor.system("olga"), reason="resolved")
    deliver_due()
    assert not Message.objects.dead().exists()


def test_an_unavailable_gateway_is_retried_later(monkeypatch):
    def unavailable(self, **kwargs):
        raise GatewayUnavailable("No answer.")

    monkeypatch.setattr(SimulatedGateway, "records", unavailable)
    with transaction():
        enqueue(Reconcile())
    assert deliver(claim_task(task=Reconcile.task)) == State.PENDING


def test_an_earlier_attempts_charge_is_found_before_the_next_charge(monkeypatch):
    """Gateways forget idempotency keys; an operator's retry a week later must not charge again."""
    order = place(payment_method="pm_lost_reply")
    message = claim_task(task=CHARGE)
    deliver(message)

    def never(self, **kwargs):
        raise AssertionError("charged again")

    monkeypatch.setattr(SimulatedGateway, "authorise", never)
    Message.objects.filter(pk=message.pk).update(state=State.SENT, sends=2)
    message.refresh_from_db()
    assert deliver(message) == State.DONE
    order.refresh_from_db()
    assert order.status == Status.PAID


def test_the_periodic_run_finds_a_refund_from_outside_beside_a_pending_one():
    order = delivered(method="pm_refund_pending")
    pending = start_refund(order, 700)
    deliver_due()
    made = refund_outside(order.payments.get(), 300)
    assert len(reconcile()) == 1
    assert set(Refund.objects.values_list("gateway_reference")) == {
        (fresh(pending).gateway_reference,),
        (made.reference,),
    }
    assert reconcile() == []
    assert is_sound()


def test_a_declined_payment_that_was_charged_all_the_same_is_refunded():
    order = place(payment_method="pm_card_declined")
    deliver_due()
    payment = order.payments.get()
    assert payment.status == PaymentStatus.FAILED
    GatewayCharge.objects.create(
        idempotency_key=str(payment.pk), reference="ch_1", amount=payment.amount, currency=payment.currency
    )
    compare(payment)
    assert Payment.objects.get().status == PaymentStatus.CAPTURED
    deliver_due()
    assert Payment.objects.get().status == PaymentStatus.REFUNDED
    assert Order.objects.get().status == Status.PAYMENT_FAILED
    assert is_sound()


@pytest.mark.parametrize("before", list(RefundStatus))
@pytest.mark.parametrize("state", list(RefundState))
def test_an_answer_changes_a_refund_as_its_table_says(before: RefundStatus, state: RefundState):
    refund = start_refund(delivered(), 700)
    Refund.objects.update(status=before)
    record_refund(refund=fresh(refund), record=RefundRecord("re_1", 700, state))
    assert fresh(refund).status == (state.value if state.value in REFUND_TRANSITIONS[before] else before)
