"""Stripe's answers that are well-formed and wrong: about another object, of another amount, or of no possible value.

Nothing of them is recorded, and nothing is kept that would spoil a later request.
"""

import uuid
from typing import Any

import pytest

from messaging.models import Message, State
from messaging.outbox import enqueue, transaction
from orders.models import Order, Status
from orders.services.operators import Trusted
from payments.disputes.events import enqueue_comparison
from payments.gateways.stripe import KEY
from payments.models import Dispute, PaymentStatus
from payments.payloads import FindDisputes
from payments.services import refund_order
from tests.delivery import claim_task, deliver, deliver_all, deliver_due
from tests.factories import place
from tests.payments.gateways.answers.odd_server import OddServer
from tests.payments.outcomes import CAPTURE, CHARGE, REFUND, is_sound, status

pytestmark = pytest.mark.django_db(transaction=True)
COMPARE, FIND = "payments.compare_dispute", "payments.find_disputes"
REQUEST = uuid.UUID(int=1)


def authorised() -> Order:
    order = place()
    deliver(claim_task(task=CHARGE))
    return order


def captured() -> Order:
    order = authorised()
    deliver_due()
    return order


def put_right(stripe: OddServer) -> None:
    stripe.change = lambda answer: answer
    deliver_all()


@pytest.mark.parametrize("wrong", ["x" * 3000, "xxx", "", "\ud800", None, 5])
def test_a_currency_that_is_none_is_asked_for_again(stripe: OddServer, wrong: Any):
    order = authorised()
    deliver(claim_task(task="shipping.create_shipment"))
    stripe.change = lambda answer: answer | {"currency": wrong}
    assert deliver(claim_task(task=CAPTURE)) == State.PENDING
    put_right(stripe)
    assert order.payments.get().status == PaymentStatus.CAPTURED
    assert not Message.objects.dead().exists()


def test_a_charge_of_another_payment_is_not_recorded(stripe: OddServer):
    other = authorised().payments.get()
    order = place()
    stripe.change = lambda _answer: dict(stripe.vault.intents[other.gateway_reference])
    assert deliver(claim_task(task=CHARGE)) == State.PENDING
    assert status(order) == Status.PLACED
    put_right(stripe)
    reference = order.payments.get().gateway_reference
    assert stripe.vault.intents[reference]["metadata"][KEY] == str(order.payments.get().pk)
    assert is_sound()


def test_a_capture_of_another_payment_is_not_recorded(stripe: OddServer):
    other, order = captured().payments.get(), authorised()
    deliver(claim_task(task="shipping.create_shipment"))
    stripe.change = lambda _answer: dict(stripe.vault.intents[other.gateway_reference])
    assert deliver(claim_task(task=CAPTURE)) == State.PENDING
    assert order.payments.get().status == PaymentStatus.AUTHORISED
    put_right(stripe)
    assert order.payments.get().status == PaymentStatus.CAPTURED


@pytest.mark.parametrize("change", [{"amount": 400}, {"amount": 600}])
def test_a_refund_of_another_amount_needs_an_operator(stripe: OddServer, change: dict[str, Any]):
    refund = refund_order(order=captured(), amount=500, request_id=REQUEST, by=Trusted("olga"))
    stripe.change = lambda answer: answer | change
    assert deliver(claim_task(task=REFUND)) == State.DEAD
    assert refund is not None
    assert Message.objects.dead().get().error_type.endswith("GatewayMismatch")
    refund.refresh_from_db()
    assert (refund.status, refund.gateway_reference) == ("pending", "")


@pytest.mark.parametrize("change", [{"amount": -500}, {"amount": "500"}, {"payment_intent": "pi_another"}])
def test_a_refund_that_is_none_of_this_charge_is_asked_for_again(stripe: OddServer, change: dict[str, Any]):
    refund = refund_order(order=captured(), amount=500, request_id=REQUEST, by=Trusted("olga"))
    stripe.change = lambda answer: answer | change
    assert deliver(claim_task(task=REFUND)) == State.PENDING
    put_right(stripe)
    assert refund is not None
    refund.refresh_from_db()
    assert (refund.status, len(stripe.vault.refunds)) == ("done", 1)
    assert is_sound()


@pytest.mark.parametrize(
    "change",
    [
        {"amount": -1},
        {"amount": 10**30},
        {"currency": "e\ud800r"},
        {"created": 253_402_300_799},
        {"evidence_details": {"due_by": -62_135_596_800}},
        {"id": "dp_another"},
        {"id": "half \ud800"},
    ],
    ids=str,
)
def test_a_dispute_of_no_possible_value_is_asked_for_again(stripe: OddServer, change: dict[str, Any]):
    payment = captured().payments.get()
    dispute = stripe.vault.disputes.open(payment.gateway_reference)
    with transaction():
        enqueue_comparison(reference=dispute["id"], payment=payment)
    stripe.change = lambda answer: answer | change
    assert deliver(claim_task(task=COMPARE)) == State.PENDING
    put_right(stripe)
    assert Dispute.objects.get().gateway_id == dispute["id"]
    assert is_sound()


@pytest.mark.parametrize("reason", [5, {"why": 1}, "a\x00b", "half \ud800", "x" * 3000], ids=ascii)
def test_a_dispute_is_recorded_whatever_its_reason(stripe: OddServer, reason: Any):
    payment = captured().payments.get()
    dispute = stripe.vault.disputes.open(payment.gateway_reference)
    with transaction():
        enqueue_comparison(reference=dispute["id"], payment=payment)
    stripe.change = lambda answer: answer | {"reason": reason}
    assert deliver(claim_task(task=COMPARE)) == State.DONE
    assert Dispute.objects.get().reason


@pytest.mark.parametrize("wrong", [None, "", "half \ud800", 5])
def test_a_page_of_disputes_without_their_ids_is_read_again(stripe: OddServer, wrong: Any):
    payment = captured().payments.get()
    stripe.vault.disputes.open(payment.gateway_reference)
    with transaction():
        enqueue(FindDisputes())
    stripe.change = lambda answer: answer | {"data": [each | {"id": wrong} for each in answer["data"]]}
    assert deliver(claim_task(task=FIND)) == State.PENDING
    put_right(stripe)
    assert Dispute.objects.count() == 1


@pytest.mark.parametrize("wrong", [5, {"a": 1}, "https://bank.example/\ud800", "https://bank.example/\u2028"])
def test_an_action_whose_page_has_no_address_has_no_link(stripe: OddServer, wrong: Any):
    order = place(payment_method="pm_card_threeDSecure2Required")
    redirect = {"type": "redirect_to_url", "redirect_to_url": {"url": wrong}}
    stripe.change = lambda answer: answer | {"next_action": redirect}
    assert deliver(claim_task(task=CHARGE)) == State.DONE
    assert (status(order), order.payments.get().action_url) == (Status.ACTION_REQUIRED, "")
