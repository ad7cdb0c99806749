"""Contract of gateways whose shoppers confirm at their bank, or whose bank settles a debit later."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone

from payments.gateways import Charge, ChargeRecord, ChargeState, Gateway, RequestRefused, gateway, simulated_charges
from payments.models import GatewayCharge

pytestmark = pytest.mark.django_db(transaction=True)
KEY = str(uuid.UUID(int=7))
RETURN_URL = "https://shop.example/orders/1/"


@dataclass(frozen=True)
class Subject:
    """`challenged` is a method that the shopper confirms, which `answer` does; `debited` one that `settle` decides.

    `expire` lets the gateway release an authorisation that was not captured in time.
    """

    gateway: Gateway
    challenged: str
    debited: str
    answer: Callable[[str, bool], object]
    settle: Callable[[str], object]
    expire: Callable[[str], object]


@pytest.fixture(params=["simulated", "stripe"])
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "simulated":
        return _simulated(request.getfixturevalue("settings"))
    vault = request.getfixturevalue("stripe").vault
    return Subject(
        gateway(),
        vault.token("4000000000003220"),
        vault.token("DE89370400440532013000"),
        lambda reference, approves: (vault.charges.approve if approves else vault.charges.decline)(reference),
        vault.charges.settle,
        lambda reference: vault.later(days=8),
    )


def _simulated(settings) -> Subject:
    charges = GatewayCharge.objects
    return Subject(
        gateway(),
        "pm_3ds",
        "pm_sepa",
        lambda reference, approves: simulated_charges.answer_challenge(reference=reference, is_approved=approves),
        lambda reference: setattr(settings, "CONVEYOR_SETTLE_SECONDS", 0),
        lambda reference: charges.filter(reference=reference).update(state=GatewayCharge.State.VOIDED),
    )


def begin(subject: Subject, method: str) -> Charge:
    return subject.gateway.authorise(
        idempotency_key=KEY, amount=500, currency="EUR", method=method, return_url=RETURN_URL
    )


def record(subject: Subject, reference: str) -> ChargeRecord:
    found = subject.gateway.fetch(idempotency_key=KEY, reference=reference)
    assert found is not None
    return found


def test_a_challenged_charge_waits_at_an_address_for_the_shopper(subject):
    charge = begin(subject, subject.challenged)
    assert (charge.state, charge.amount) == (ChargeState.ACTION_REQUIRED, 500)
    assert charge.action_url.startswith(("https://", "http://", "/"))
    assert record(subject, charge.reference).charge == charge
    with pytest.raises(RequestRefused):
        subject.gateway.capture(idempotency_key="c1", reference=charge.reference, amount=500)


def test_a_confirmed_charge_is_authorised_and_can_be_captured(subject):
    reference = begin(subject, subject.challenged).reference
    subject.answer(reference, True)
    found = record(subject, reference)
    assert (found.state, found.captured, found.action_url) == (ChargeState.AUTHORISED, 0, "")
    assert subject.gateway.capture(idempotency_key="c1", reference=reference, amount=500).amount == 500


def test_the_same_key_answers_as_the_charge_is_now(subject):
    reference = begin(subject, subject.challenged).reference
    subject.answer(reference, True)
    assert begin(subject, subject.challenged).state is ChargeState.AUTHORISED


def test_a_failed_challenge_is_a_decline_with_its_code(subject):
    reference = begin(subject, subject.challenged).reference
    subject.answer(reference, False)
    found = record(subject, reference)
    assert (found.state, found.charge) == (ChargeState.DECLINED, None)
    assert found.declined == "authentication_failed"


def test_a_charge_that_nobody_confirms_is_voided_and_a_late_answer_changes_nothing(subject):
    reference = begin(subject, subject.challenged).reference
    assert subject.gateway.void(reference=reference).state is ChargeState.VOIDED
    subject.answer(reference, True)
    assert record(subject, reference).state is ChargeState.VOIDED


def test_a_debit_is_processed_and_captured_without_a_request(subject):
    charge = begin(subject, subject.debited)
    assert (charge.state, charge.amount) == (ChargeState.PROCESSING, 500)
    assert record(subject, charge.reference).captured == 0
    subject.settle(charge.reference)
    found = record(subject, charge.reference)
    assert (found.state, found.captured) == (ChargeState.CAPTURED, 500)


def test_a_debit_that_the_bank_processes_cannot_be_stopped(subject):
    reference = begin(subject, subject.debited).reference
    assert subject.gateway.void(reference=reference).state is ChargeState.PROCESSING
    subject.settle(reference)
    assert subject.gateway.void(reference=reference).state is ChargeState.CAPTURED


def test_an_expired_authorisation_is_voided_and_cannot_be_captured(subject):
    reference = begin(subject, subject.challenged).reference
    subject.answer(reference, True)
    subject.expire(reference)
    assert record(subject, reference).state is ChargeState.VOIDED
    with pytest.raises(RequestRefused):
        subject.gateway.capture(idempotency_key="c1", reference=reference, amount=500)


def test_the_records_have_what_is_not_captured_too(subject):
    reference = begin(subject, subject.challenged).reference
    (found,) = subject.gateway.records(since=timezone.now() - timedelta(minutes=1)).records.values()
    assert (found.reference, found.state) == (reference, ChargeState.ACTION_REQUIRED)
