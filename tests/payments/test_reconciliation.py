"""Are differences between the shop and the gateway found, mended where that is safe, and told where it is not?"""

import uuid

import pytest

from messaging.invariants import audit
from messaging.models import Message, State
from messaging.operations.actions import retry
from messaging.operations.permissions import Actor
from messaging.outbox import enqueue, transaction
from orders.models import Order, Status
from payments.gateways import GatewayUnavailable, gateway
from payments.gateways.simulated import SimulatedGateway
from payments.models import GatewayCharge, Payment
from payments.payloads import Reconcile
from tests.delivery import deliver, deliver_due, take
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
CHARGE, COMPARE = "payments.charge_payment", "payments.compare_payment"


def reconcile() -> list[Message]:
    """Let the periodic look happen, and all comparisons that it asks for."""
    with transaction():
        enqueue(Reconcile())
    deliver(take(task=Reconcile.task))
    return [message for message in deliver_due() if message.task == COMPARE]


def paid() -> Payment:
    order = place()
    deliver(take(task=CHARGE, subject=order.number))
    return order.payments.get()


def forgotten(order: Order) -> Payment:
    """The order's payment, whose charge nobody is going to make any more."""
    Message.objects.filter(task=CHARGE, subject=order.number).update(state=State.DISCARDED)
    return order.payments.get()


def told() -> str:
    return Message.objects.dead().get().error_message


def test_where_both_agree_nothing_is_done():
    paid()
    assert reconcile() == []


def test_money_that_the_gateway_took_unheard_pays_the_order():
    order = place()
    payment = forgotten(order)
    gateway().charge(
        idempotency_key=str(payment.pk), amount=payment.amount, currency=payment.currency, method="pm_card_visa"
    )
    assert len(reconcile()) == 1
    order.refresh_from_db()
    assert order.status in (Status.PAID, Status.SHIPPED)
    assert not Message.objects.dead().exists()
    assert reconcile() == []


def test_a_payment_that_is_being_worked_on_is_left_alone():
    payment = place().payments.get()
    gateway().charge(
        idempotency_key=str(payment.pk), amount=payment.amount, currency=payment.currency, method="pm_card_visa"
    )
    assert not [m for m in reconcile() if m.payload["payment_id"] == str(payment.pk)]
    assert audit() == []


def test_a_capture_that_the_gateway_does_not_know_waits_for_a_person():
    paid()
    GatewayCharge.objects.all().delete()
    reconcile()
    assert "the gateway knows of no such charge" in told()


def test_another_amount_waits_for_a_person():
    payment = paid()
    GatewayCharge.objects.update(amount=payment.amount - 1)
    reconcile()
    assert f"is for {payment.amount}, but {payment.amount - 1} was taken" in told()


def test_another_amount_for_an_unheard_charge_is_not_taken_for_the_orders_money():
    order = place()
    payment = forgotten(order)
    gateway().charge(idempotency_key=str(payment.pk), amount=1, currency=payment.currency, method="pm_card_visa")
    reconcile()
    assert "but 1 was taken" in told()
    order.refresh_from_db()
    assert order.status == Status.PLACED


def test_a_charge_without_a_payment_waits_for_a_person():
    gateway().charge(idempotency_key=str(uuid.uuid4()), amount=900, currency="EUR", method="pm_card_visa")
    reconcile()
    assert told().startswith("900 EUR was taken")


def test_a_difference_is_told_once_until_somebody_deals_with_it():
    paid()
    GatewayCharge.objects.all().delete()
    assert len(reconcile()) == 1
    assert reconcile() == []
    assert Message.objects.dead().count() == 1


def test_a_difference_that_was_mended_is_settled_by_a_retry():
    payment = paid()
    GatewayCharge.objects.update(amount=1)
    reconcile()
    GatewayCharge.objects.update(amount=payment.amount)
    retry(ids=[Message.objects.dead().get().pk], actor=Actor.system("olga"), reason="mended")
    deliver_due()
    assert not Message.objects.dead().exists()


def test_a_gateway_that_does_not_answer_is_asked_again_later(monkeypatch):
    def silent(self, **kwargs):
        raise GatewayUnavailable("No answer.")

    monkeypatch.setattr(SimulatedGateway, "records", silent)
    with transaction():
        enqueue(Reconcile())
    assert deliver(take(task=Reconcile.task)) == State.PENDING


def test_an_earlier_try_that_charged_is_found_before_the_next_one_asks(monkeypatch):
    """Gateways forget idempotency keys; an operator's retry a week later must not charge again."""
    order = place(payment_method="pm_lost_reply")
    message = take(task=CHARGE)
    deliver(message)

    def never(self, **kwargs):
        raise AssertionError("charged again")

    monkeypatch.setattr(SimulatedGateway, "charge", never)
    Message.objects.filter(pk=message.pk).update(state=State.SENT, sends=2)
    message.refresh_from_db()
    assert deliver(message) == State.DONE
    order.refresh_from_db()
    assert order.status == Status.PAID
