"""Stripe gateway: errors become a result, "unavailable" or "outcome unknown"."""

import signal
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from messaging.circuit_breaker import Verdict
from payments.gateways import (
    Charge,
    ChargeState,
    GatewayUnavailable,
    KeyRefused,
    OutcomeUnknown,
    RefundState,
    RequestRefused,
)
from payments.gateways.stripe import StripeGateway
from payments.gateways.with_circuit_breaker import judge
from tests.patience import PATIENCE
from tests.payments.gateways.stripe_server import Fault, StripeServer, error

KEY = "k1"


def authorise(*, key: str = KEY, method: str = "pm_card_visa", currency: str = "EUR") -> Charge:
    return StripeGateway().authorise(
        idempotency_key=key, amount=500, currency=currency, method=method, return_url="https://shop.example/orders/1/"
    )


def captured() -> Charge:
    return StripeGateway().capture(idempotency_key=KEY, reference=authorise().reference, amount=500)


@pytest.mark.parametrize("status", [409, 429])
def test_busy_means_that_nothing_happened(stripe: StripeServer, status: int):
    stripe.faults.append(Fault(status))
    with pytest.raises(GatewayUnavailable) as raised:
        authorise()
    assert not isinstance(raised.value, OutcomeUnknown)
    assert authorise().amount == 500
    assert len(stripe.vault.intents) == 1


@pytest.mark.parametrize("applied", [True, False])
def test_a_closed_connection_is_unknown_and_the_second_attempt_authorises_once(stripe: StripeServer, applied: bool):
    stripe.faults.append(Fault(None, applied=applied))
    with pytest.raises(OutcomeUnknown):
        authorise()
    assert authorise().amount == 500
    assert len(stripe.vault.intents) == 1


def test_a_request_times_out_before_the_tasks_limit(stripe: StripeServer, settings: Any):
    late, settings.CONVEYOR_TASK_TIME_LIMIT = Event(), 1
    stripe.faults.append(Fault(200, applied=True, held=late))
    try:
        with pytest.raises(OutcomeUnknown):
            authorise()
    finally:
        late.set()
    settings.CONVEYOR_TASK_TIME_LIMIT = PATIENCE
    assert authorise().amount == 500
    assert len(stripe.vault.intents) == 1


def test_an_error_is_repeated_under_its_key_but_the_record_has_the_charge(stripe: StripeServer):
    stripe.faults.append(Fault(500, applied=True))
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            authorise()
    record = StripeGateway().fetch(idempotency_key=KEY)
    assert record is not None
    assert record.state is ChargeState.AUTHORISED


def test_search_does_not_find_a_new_charge(stripe: StripeServer):
    authorise()
    stripe.vault.is_indexed = False
    assert StripeGateway().fetch(idempotency_key=KEY) is None


def test_an_unknown_method_is_refused(stripe: StripeServer):
    with pytest.raises(RequestRefused, match="pm_gold"):
        authorise(method="pm_gold")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_closes_the_gateway_to_us(stripe: StripeServer, status: int):
    stripe.faults.append(Fault(status))
    with pytest.raises(KeyRefused, match=f"STRIPE_SECRET_KEY .{status}.") as refused:
        authorise()
    assert judge(refused.value) is Verdict.CLOSED_TO_US
    assert "sk_test" not in str(refused.value)
    assert stripe.vault.intents == {}


def test_a_time_limit_inside_stripes_client_stays_a_time_limit(stripe: StripeServer):
    """Its client makes a connection error of every exception."""
    answered = Event()
    stripe.faults.append(Fault(500, held=answered))
    previous = signal.signal(signal.SIGALRM, _exceed)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(SoftTimeLimitExceeded):
            authorise()
    finally:
        answered.set()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_records_come_in_pages(stripe: StripeServer):
    for n in range(3):
        authorise(key=f"k{n}")
    stripe.vault.page_size = 2
    since = timezone.now() - timedelta(hours=1)
    first = StripeGateway().records(since=since)
    second = StripeGateway().records(since=since, page=first.next)
    assert (len(first.records), len(second.records), second.next) == (2, 1, "")
    assert {*first.records, *second.records} == {"k0", "k1", "k2"}


def test_an_amount_that_the_shop_cannot_count_hides_no_other_record(stripe: StripeServer):
    odd, _plain = authorise(key="odd", currency="RSD"), authorise(key="plain")
    stripe.vault.intents[odd.reference]["amount"] += 50  # half a dinar
    records = StripeGateway().records(since=timezone.now() - timedelta(hours=1)).records
    assert records["odd"] is None
    assert records["plain"] is not None
    with pytest.raises(RequestRefused):
        StripeGateway().fetch(idempotency_key="odd", reference=odd.reference)


def test_refunds_are_found_on_all_pages(stripe: StripeServer):
    reference = captured().reference
    for n in range(5):
        StripeGateway().refund(idempotency_key=f"r{n}", charge_reference=reference, amount=10)
    stripe.vault.page_size = 2
    assert {record.key for record in StripeGateway().refunds(charge_reference=reference)} == {f"r{n}" for n in range(5)}


@pytest.mark.parametrize("status", ["requires_action", "a status of the future"])
def test_an_undecided_refund_is_pending(stripe: StripeServer, status: str):
    reference = captured().reference
    made = StripeGateway().refund(idempotency_key="r1", charge_reference=reference, amount=10)
    stripe.vault.settle(made.reference, status)
    found = StripeGateway().find_refund(idempotency_key="r1", charge_reference=reference)
    assert found is not None
    assert found.state is RefundState.PENDING


def test_a_refund_that_an_earlier_release_requested_is_requested_again_as_it_was(stripe: StripeServer):
    """It sent no number of the repetition, and Stripe failed: it repeats that answer, but not for other parameters."""
    reference = captured().reference
    form = f"payment_intent={reference}&amount=10&metadata[conveyor_key]=r1"
    stripe.answers["r1"] = ("/v1/refunds" + form, error(500, "api_error", "Not now"))
    with pytest.raises(OutcomeUnknown):
        StripeGateway().refund(idempotency_key="r1", charge_reference=reference, amount=10)


def test_a_refund_made_by_somebody_else_has_no_key(stripe: StripeServer):
    reference = captured().reference
    stripe.vault.refund({"payment_intent": reference, "amount": "10"})
    (record,) = StripeGateway().refunds(charge_reference=reference)
    assert (record.key, record.repeat, record.amount) == ("", 0, 10)


def _exceed(*_: object) -> None:
    raise SoftTimeLimitExceeded


def test_a_refused_connection_is_unknown(settings):
    settings.PAYMENT_GATEWAY = "stripe"
    settings.STRIPE_SECRET_KEY = "sk_test_conveyor"
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(OutcomeUnknown):
        authorise()


def test_an_authorisation_is_one_request(stripe: StripeServer):
    authorise()
    assert stripe.requests == [("POST", "/v1/payment_intents")]
