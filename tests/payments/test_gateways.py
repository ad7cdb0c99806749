"""Simulated gateway: scripted outcomes, and no double charges."""

import os
import signal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from payments.gateways import (
    CardDeclined,
    Charge,
    ChargeState,
    GatewayUnavailable,
    RefundState,
    UnknownPaymentMethod,
    check_method,
    gateway,
    method_label,
    offered_methods,
)
from payments.models import GatewayCharge, GatewayRefund
from tests.payments.outcomes import authorised, charged

pytestmark = pytest.mark.django_db(transaction=True)


def charge(method: str = "pm_card_visa", key: str = "k1", amount: int = 500) -> Charge:
    return authorised(idempotency_key=key, amount=amount, method=method)


def captured_charge(method: str) -> Charge:
    return charged(idempotency_key="k1", amount=500, method=method)


def test_a_card_is_authorised_with_one_statement(monkeypatch):
    monkeypatch.setattr("messaging.circuit_breaker.LOOK_SECONDS", 3600)
    charge(key="k0")  # refreshes the circuit's state, as happens once a second
    with CaptureQueriesContext(connection) as captured:
        result = charge()
    assert len(captured) == 1
    record = GatewayCharge.objects.get(idempotency_key="k1")
    assert (record.idempotency_key, record.amount, record.currency) == ("k1", 500, "EUR")
    assert result == Charge(record.reference, 500, "EUR", ChargeState.AUTHORISED)


def test_the_same_key_gives_the_same_charge():
    assert charge() == charge()
    assert charge(key="k2") != charge()
    assert GatewayCharge.objects.count() == 2


def test_the_same_key_for_another_amount_is_a_bug():
    charge()
    with pytest.raises(ValueError, match="another charge"):
        charge(amount=501)


def test_a_declined_card_leaves_no_charge():
    with pytest.raises(CardDeclined) as declined:
        charge("pm_card_declined")
    assert declined.value.code == "card_declined"
    assert not GatewayCharge.objects.exists()


def test_a_flaky_bank_answers_on_the_third_attempt():
    for _ in range(2):
        with pytest.raises(GatewayUnavailable):
            charge("pm_flaky_2")
    assert charge("pm_flaky_2") == charge("pm_flaky_2")
    assert GatewayCharge.objects.count() == 1


def test_an_outage_never_ends():
    for _ in range(4):
        with pytest.raises(GatewayUnavailable):
            charge("pm_outage")
    assert not GatewayCharge.objects.exists()


def test_after_a_lost_reply_the_second_attempt_finds_the_charge():
    with pytest.raises(GatewayUnavailable):
        charge("pm_lost_reply")
    assert charge("pm_lost_reply").reference == GatewayCharge.objects.get().reference


def test_a_bug_is_not_an_outage():
    with pytest.raises(RuntimeError):
        charge("pm_bug")
    assert not GatewayCharge.objects.exists()


def test_a_crash_kills_the_process():
    child = os.fork()
    if child == 0:
        charge("pm_crash")
        os._exit(0)  # not reached
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def test_a_slow_bank_takes_its_time(monkeypatch: pytest.MonkeyPatch, settings: Any):
    naps: list[float] = []
    monkeypatch.setattr("time.sleep", naps.append)
    settings.CONVEYOR_GATEWAY_LATENCY = 0.25
    charge("pm_slow_5")
    assert naps == [0.25, 5.0]


def test_an_unknown_method_is_refused():
    with pytest.raises(UnknownPaymentMethod):
        charge("pm_gold")


def test_a_refund_is_idempotent():
    reference = captured_charge("pm_card_visa").reference
    first = gateway().refund(idempotency_key="r1", charge_reference=reference, amount=500)
    assert gateway().refund(idempotency_key="r1", charge_reference=reference, amount=500) == first
    assert GatewayRefund.objects.get().reference == first.reference


def test_a_charge_can_be_looked_up_by_its_key():
    assert gateway().fetch(idempotency_key="k1") is None
    result = charge()
    record = gateway().fetch(idempotency_key="k1")
    assert record is not None
    assert record.charge == result


def test_scripted_outcomes_are_offered_in_demo_mode_only(settings: Any):
    assert len(offered_methods()) == 13
    settings.CONVEYOR_DEMO = False
    assert [method.id for method in offered_methods()] == ["pm_card_visa"]
    check_method("pm_card_visa")
    with pytest.raises(UnknownPaymentMethod):
        check_method("pm_flaky_2")


def test_labels_are_translated_when_they_are_shown():
    methods = gateway().methods()
    with translation.override("de"):
        assert method_label("pm_card_visa") == str(methods[0].label) == "Visa-Karte"
    assert method_label("pm_card_visa") == str(methods[0].label) == "Visa card"


@pytest.mark.parametrize(("method", "states"), [("pm_refund_pending", "PPD"), ("pm_refund_fails", "PPF")])
def test_a_slow_refund_is_settled_once_it_was_looked_up_twice(method: str, states: str):
    reference = captured_charge(method).reference
    made = gateway().refund(idempotency_key="r1", charge_reference=reference, amount=500)
    found = [made, *(gateway().refunds(charge_reference=reference)[0] for _ in range(2))]
    assert "".join(record.state.name[0] for record in found) == states
    assert gateway().refunds(charge_reference=reference)[0].state == found[-1].state


def test_the_repetition_of_a_refund_that_failed_succeeds():
    reference = captured_charge("pm_refund_fails").reference
    for repeat in range(2):
        gateway().refund(idempotency_key="r1", charge_reference=reference, amount=500, repeat=repeat)
        for _ in range(2):
            found = gateway().find_refund(idempotency_key="r1", charge_reference=reference)
    assert found is not None
    assert (found.repeat, found.state) == (1, RefundState.DONE)
