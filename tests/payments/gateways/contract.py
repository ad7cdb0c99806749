"""Contract of the `Gateway` protocol: what holds for every gateway, those of extensions too.

A module of tests imports these and has a fixture `subject`.
"""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from payments.gateways import CardDeclined, Charge, ChargeRecord, ChargeState, RefundRecord, RefundState, RequestRefused
from tests.payments.conftest import Subject

pytestmark = pytest.mark.django_db(transaction=True)
KEY = str(uuid.UUID(int=7))
RETURN_URL = "https://shop.example/orders/1/"


def authorise(subject: Subject, *, key: str = KEY, amount: int = 500, method: str = "") -> Charge:
    return subject.gateway.authorise(
        idempotency_key=key, amount=amount, currency="EUR", method=method or subject.works, return_url=RETURN_URL
    )


def charge(subject: Subject, *, key: str = KEY, amount: int = 500, method: str = "") -> Charge:
    """Authorised and captured."""
    reference = authorise(subject, key=key, amount=amount, method=method).reference
    return subject.gateway.capture(idempotency_key=key, reference=reference, amount=amount)


def refund(subject: Subject, reference: str, *, key: str = "r1", amount: int = 500) -> str:
    return subject.gateway.refund(idempotency_key=key, charge_reference=reference, amount=amount).reference


def record_of(subject: Subject, *, key: str = KEY, reference: str = "") -> ChargeRecord:
    record = subject.gateway.fetch(idempotency_key=key, reference=reference)
    assert record is not None
    return record


def test_an_authorisation_reserves_the_amount_and_returns_a_reference(subject):
    result = authorise(subject)
    assert (result.amount, result.currency, result.state) == (500, "EUR", ChargeState.AUTHORISED)
    assert result.reference
    record = record_of(subject)
    assert (record.amount, record.captured, record.state) == (500, 0, ChargeState.AUTHORISED)
    assert record.charge == result


def test_the_same_key_authorises_once(subject):
    assert authorise(subject) == authorise(subject)


def test_another_key_is_another_charge(subject):
    assert authorise(subject).reference != authorise(subject, key="k2").reference


def test_the_same_key_for_another_amount_is_refused_as_a_bug(subject):
    authorise(subject)
    with pytest.raises(Exception, match=r"same parameters|another charge"):
        authorise(subject, amount=501)
    assert record_of(subject).amount == 500


def test_a_declined_card_raises_the_banks_code_each_time(subject):
    for _ in range(2):
        with pytest.raises(CardDeclined) as declined:
            authorise(subject, method=subject.declined)
        assert declined.value.code == subject.code


def test_nothing_is_reserved_on_a_declined_card(subject):
    with pytest.raises(CardDeclined):
        authorise(subject, method=subject.declined)
    record = subject.gateway.fetch(idempotency_key=KEY)
    assert record is None or (record.captured, record.state, record.declined) == (0, ChargeState.DECLINED, subject.code)


def test_a_capture_takes_what_was_authorised(subject):
    reference = authorise(subject).reference
    result = subject.gateway.capture(idempotency_key="c1", reference=reference, amount=500)
    assert result == Charge(reference, 500, "EUR", ChargeState.CAPTURED)
    assert record_of(subject).charge == result


def test_a_capture_may_be_partial_and_is_idempotent(subject):
    reference = authorise(subject).reference
    for _ in range(2):
        result = subject.gateway.capture(idempotency_key="c1", reference=reference, amount=300)
        assert result.amount == 300
    assert record_of(subject).captured == 300


def test_a_capture_is_answered_alike_after_its_key_is_forgotten(subject):
    reference = authorise(subject).reference
    first = subject.gateway.capture(idempotency_key="c1", reference=reference, amount=300)
    subject.forget()
    assert subject.gateway.capture(idempotency_key="c1", reference=reference, amount=300) == first
    with pytest.raises(RequestRefused):
        subject.gateway.capture(idempotency_key="c2", reference=reference, amount=400)


def test_a_capture_never_exceeds_the_authorisation(subject):
    authorisation = authorise(subject)
    with pytest.raises(RequestRefused):
        subject.gateway.capture(idempotency_key="c1", reference=authorisation.reference, amount=501)


def test_a_voided_authorisation_is_released_and_cannot_be_captured(subject):
    reference = authorise(subject).reference
    for _ in range(2):
        record = subject.gateway.void(reference=reference)
        assert (record.state, record.captured, record.charge) == (ChargeState.VOIDED, 0, None)
    with pytest.raises(RequestRefused):
        subject.gateway.capture(idempotency_key="c1", reference=reference, amount=500)


def test_what_was_captured_before_stays_captured(subject):
    reference = charge(subject).reference
    record = subject.gateway.void(reference=reference)
    assert (record.state, record.captured) == (ChargeState.CAPTURED, 500)


def test_an_unknown_key_has_no_record(subject):
    assert subject.gateway.fetch(idempotency_key=KEY) is None


def test_the_record_has_the_captured_and_refunded_amounts(subject):
    reference = charge(subject).reference
    refund(subject, reference, amount=120)
    assert record_of(subject) == ChargeRecord(reference, 500, 500, 120, "EUR", ChargeState.CAPTURED)


def test_a_known_reference_finds_the_record(subject):
    reference = charge(subject).reference
    record = record_of(subject, reference=reference)
    assert record == ChargeRecord(reference, 500, 500, 0, "EUR", ChargeState.CAPTURED)


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
    assert record_of(subject).refunded == 200


def test_partial_refunds_add_up_to_the_charge_and_no_further(subject):
    reference = charge(subject).reference
    refund(subject, reference, key="r1", amount=200)
    refund(subject, reference, key="r2", amount=300)
    with pytest.raises(RequestRefused):
        refund(subject, reference, key="r3", amount=1)


def test_an_uncaptured_authorisation_cannot_be_refunded(subject):
    with pytest.raises(RequestRefused):
        refund(subject, authorise(subject).reference)


def find(subject: Subject, reference: str, *, key: str = "r1", refund_reference: str = "") -> RefundRecord | None:
    return subject.gateway.find_refund(idempotency_key=key, charge_reference=reference, reference=refund_reference)


def test_a_refund_is_found_by_its_key_and_by_its_reference(subject):
    reference = charge(subject).reference
    assert find(subject, reference) is None
    made = refund(subject, reference, amount=200)
    for found in (find(subject, reference), find(subject, reference, key="other", refund_reference=made)):
        assert found == RefundRecord(made, 200, RefundState.DONE, "r1")


def test_a_refund_is_found_after_its_key_is_forgotten_and_would_be_made_again(subject):
    reference = charge(subject).reference
    made = refund(subject, reference, amount=200)
    subject.forget()
    found = find(subject, reference)
    assert found is not None
    assert found.reference == made
    assert refund(subject, reference, amount=200) != made


def test_a_slow_refund_is_pending_and_counts_as_refunded(subject):
    reference = charge(subject, method=subject.slow).reference
    made = subject.gateway.refund(idempotency_key="r1", charge_reference=reference, amount=200)
    assert made.state is RefundState.PENDING
    assert record_of(subject).refunded == 200


@pytest.mark.parametrize(("state", "refunded"), [(RefundState.DONE, 200), (RefundState.FAILED, 0)])
def test_a_slow_refund_is_done_or_fails_in_the_end(subject, state, refunded):
    reference = charge(subject, method=subject.slow).reference
    subject.settle(refund(subject, reference, amount=200), state)
    found = find(subject, reference)
    assert found is not None
    assert (found.state, bool(found.failure)) == (state, state is RefundState.FAILED)
    assert record_of(subject).refunded == refunded


def test_a_repeated_refund_is_another_one_that_is_found_before_the_failed_one(subject):
    reference = charge(subject, method=subject.slow).reference
    first = refund(subject, reference, amount=500)
    subject.settle(first, RefundState.FAILED)
    repeat = {"idempotency_key": "r1", "charge_reference": reference, "amount": 500, "repeat": 1}
    again = subject.gateway.refund(**repeat)
    assert again.reference != first
    assert subject.gateway.refund(**repeat).reference == again.reference
    found = find(subject, reference)
    assert found is not None
    assert (found.reference, found.repeat) == (again.reference, 1)
    assert {record.reference for record in subject.gateway.refunds(charge_reference=reference)} == {
        first,
        again.reference,
    }


def test_each_method_has_a_label(subject):
    methods = subject.gateway.methods()
    assert subject.works in {method.id for method in methods if not method.is_scripted}
    assert all(method.label for method in methods)
