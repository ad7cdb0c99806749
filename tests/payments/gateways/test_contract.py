"""Contract suite of the `Gateway` protocol, run against every gateway."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from payments.gateways import Authorisation, CardDeclined, ChargeRecord, ChargeResult, RequestRefused
from tests.payments.conftest import Subject

pytestmark = pytest.mark.django_db(transaction=True)
KEY = str(uuid.UUID(int=7))


def charge(subject: Subject, *, key: str = KEY, amount: int = 500, method: str = "") -> ChargeResult:
    return subject.gateway.charge(idempotency_key=key, amount=amount, currency="EUR", method=method or subject.works)


def authorise(subject: Subject) -> Authorisation:
    return subject.gateway.authorise(idempotency_key=KEY, amount=500, currency="EUR", method=subject.works)


def refund(subject: Subject, reference: str, *, key: str = "r1", amount: int = 500) -> str:
    return subject.gateway.refund(idempotency_key=key, charge_reference=reference, amount=amount).reference


def test_a_charge_captures_the_amount_and_returns_a_reference(subject):
    result = charge(subject)
    assert (result.amount, result.currency) == (500, "EUR")
    assert result.reference


def test_the_same_key_charges_once(subject):
    assert charge(subject) == charge(subject)


def test_another_key_is_another_charge(subject):
    assert charge(subject).reference != charge(subject, key="k2").reference


def test_the_same_key_for_another_amount_is_refused_as_a_bug(subject):
    charge(subject)
    with pytest.raises(Exception, match=r"same parameters|another charge"):
        charge(subject, amount=501)
    record = subject.gateway.fetch(idempotency_key=KEY)
    assert record is not None
    assert record.captured == 500


def test_a_declined_card_raises_the_banks_code_each_time(subject):
    for _ in range(2):
        with pytest.raises(CardDeclined) as declined:
            charge(subject, method=subject.declined)
        assert declined.value.code == subject.code


def test_nothing_is_captured_from_a_declined_card(subject):
    with pytest.raises(CardDeclined):
        charge(subject, method=subject.declined)
    record = subject.gateway.fetch(idempotency_key=KEY)
    assert record is None or (record.captured == 0 and record.declined == subject.code)


def test_an_authorisation_captures_nothing_until_it_is_captured(subject):
    authorisation = authorise(subject)
    record = subject.gateway.fetch(idempotency_key=KEY)
    assert record is not None
    assert record.charge is None
    result = subject.gateway.capture(idempotency_key="c1", reference=authorisation.reference, amount=500)
    assert result == ChargeResult(authorisation.reference, 500, "EUR")


def test_a_capture_may_be_partial_and_is_idempotent(subject):
    authorisation = authorise(subject)
    for _ in range(2):
        result = subject.gateway.capture(idempotency_key="c1", reference=authorisation.reference, amount=300)
        assert result.amount == 300


def test_a_capture_never_exceeds_the_authorisation(subject):
    authorisation = authorise(subject)
    with pytest.raises(RequestRefused):
        subject.gateway.capture(idempotency_key="c1", reference=authorisation.reference, amount=501)


def test_an_unknown_key_has_no_record(subject):
    assert subject.gateway.fetch(idempotency_key=KEY) is None


def test_the_record_has_the_captured_and_refunded_amounts(subject):
    reference = charge(subject).reference
    refund(subject, reference, amount=120)
    assert subject.gateway.fetch(idempotency_key=KEY) == ChargeRecord(reference, 500, 120, "EUR")


def test_a_known_reference_finds_the_record(subject):
    reference = charge(subject).reference
    record = subject.gateway.fetch(idempotency_key=KEY, reference=reference)
    assert record == ChargeRecord(reference, 500, 0, "EUR")


def test_the_records_since_a_time_have_each_charge_with_its_key(subject):
    began = timezone.now() - timedelta(minutes=1)
    references = {f"k{n}": charge(subject, key=f"k{n}").reference for n in range(3)}
    refund(subject, references["k1"], amount=100)
    records = subject.gateway.records(since=began).records
    assert {key: record.reference for key, record in records.items()} == references
    assert [records[f"k{n}"].refunded for n in range(3)] == [0, 100, 0]
    assert subject.gateway.records(since=timezone.now() + timedelta(hours=1)).records == {}


def test_the_same_key_refunds_once(subject):
    reference = charge(subject).reference
    assert refund(subject, reference, amount=200) == refund(subject, reference, amount=200)
    record = subject.gateway.fetch(idempotency_key=KEY)
    assert record is not None
    assert record.refunded == 200


def test_partial_refunds_add_up_to_the_charge_and_no_further(subject):
    reference = charge(subject).reference
    refund(subject, reference, key="r1", amount=200)
    refund(subject, reference, key="r2", amount=300)
    with pytest.raises(RequestRefused):
        refund(subject, reference, key="r3", amount=1)


def test_an_uncaptured_authorisation_cannot_be_refunded(subject):
    with pytest.raises(RequestRefused):
        refund(subject, authorise(subject).reference)


def test_each_method_has_a_label(subject):
    methods = subject.gateway.methods()
    assert subject.works in {method.id for method in methods if not method.is_scripted}
    assert all(method.label for method in methods)
