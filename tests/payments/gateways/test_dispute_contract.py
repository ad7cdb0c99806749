"""Contract suite of disputes, run against every gateway."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone

from payments.gateways import DisputeRecord, DisputeState, Gateway, RequestRefused, gateway, simulated_disputes
from tests.payments.gateways.stripe_server import StripeServer

pytestmark = pytest.mark.django_db(transaction=True)
KEY = str(uuid.UUID(int=7))


@dataclass(frozen=True)
class Subject:
    """`open` disputes a charge and returns the dispute's ID; `ask` opens an inquiry; `decide` moves a dispute on."""

    gateway: Gateway
    open: Callable[[str], str]
    ask: Callable[[str], str]
    decide: Callable[[str, DisputeState], object]


@pytest.fixture(params=["simulated", "stripe"])
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "simulated":
        return Subject(
            gateway(),
            lambda charge: simulated_disputes.open_dispute(charge_reference=charge).reference,
            lambda charge: simulated_disputes.open_dispute(charge_reference=charge, is_inquiry=True).reference,
            lambda reference, state: simulated_disputes.decide(reference=reference, state=state),
        )
    server: StripeServer = request.getfixturevalue("stripe")
    disputes = server.vault.disputes
    return Subject(
        gateway(),
        lambda charge: disputes.open(charge)["id"],
        lambda charge: disputes.open(charge, status="warning_needs_response")["id"],
        lambda reference, state: disputes.move(reference, state.value),
    )


def charged(subject: Subject) -> str:
    made = subject.gateway.authorise(
        idempotency_key=KEY, amount=500, currency="EUR", method="pm_card_visa", return_url="https://shop.example/"
    )
    return subject.gateway.capture(idempotency_key=KEY, reference=made.reference, amount=500).reference


def found(subject: Subject, reference: str) -> DisputeRecord:
    record = subject.gateway.fetch_dispute(reference=reference)
    assert record is not None
    return record


def test_a_new_dispute_waits_for_evidence_and_its_money_is_withdrawn(subject):
    record = found(subject, subject.open(charged(subject)))
    assert (record.key, record.amount, record.currency) == (KEY, 500, "EUR")
    assert (record.state, record.is_inquiry, record.is_withdrawn) == (DisputeState.NEEDS_RESPONSE, False, True)
    assert record.reason
    assert record.evidence_due_at is not None
    assert record.opened_at < record.evidence_due_at


def test_an_inquiry_withdraws_nothing_and_its_charge_can_be_refunded(subject):
    charge = charged(subject)
    record = found(subject, subject.ask(charge))
    assert (record.state, record.is_inquiry, record.is_withdrawn) == (DisputeState.NEEDS_RESPONSE, True, False)
    assert subject.gateway.refund(idempotency_key="r1", charge_reference=charge, amount=500).amount == 500


@pytest.mark.parametrize(("state", "is_withdrawn"), [(DisputeState.WON, False), (DisputeState.LOST, True)])
def test_a_won_dispute_returns_the_money_and_a_lost_one_does_not(subject, state, is_withdrawn):
    reference = subject.open(charged(subject))
    subject.decide(reference, DisputeState.UNDER_REVIEW)
    assert found(subject, reference).state is DisputeState.UNDER_REVIEW
    subject.decide(reference, state)
    assert (found(subject, reference).state, found(subject, reference).is_withdrawn) == (state, is_withdrawn)


@pytest.mark.parametrize("state", [DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW, DisputeState.LOST])
def test_what_is_disputed_or_lost_cannot_be_refunded(subject, state):
    charge = charged(subject)
    subject.decide(subject.open(charge), state)
    with pytest.raises(RequestRefused):
        subject.gateway.refund(idempotency_key="r1", charge_reference=charge, amount=500)


def test_an_unknown_dispute_has_no_record(subject):
    assert subject.gateway.fetch_dispute(reference="dp_unknown") is None


def test_the_disputes_since_a_time_are_listed(subject):
    reference = subject.open(charged(subject))
    began = timezone.now() - timedelta(minutes=1)
    assert list(subject.gateway.disputes(since=began).keys) == [reference]
    assert subject.gateway.disputes(since=timezone.now() + timedelta(hours=1)).keys == {}
