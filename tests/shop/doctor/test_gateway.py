"""The doctor at Stripe: its key, its webhook endpoint and the events that this shop is sent."""

import pytest

from payments.gateways.stripe_setup import EVENTS
from shop.doctor.checks import gateway
from tests.payments.conftest import stripe  # noqa: F401 - a fixture
from tests.payments.gateways.stripe_server import Fault

URL = "https://shop.example/webhooks/stripe/"


@pytest.fixture(autouse=True)
def _address(settings):
    settings.SITE_URL = "https://shop.example"


def test_another_gateway_is_not_examined(settings):
    settings.PAYMENT_GATEWAY = "simulated"
    assert list(gateway.stripe()) == []


def test_an_endpoint_that_is_sent_every_event_is_fine(stripe):  # noqa: F811
    stripe.vault.add_endpoint(URL, events=EVENTS)
    assert list(gateway.stripe()) == []


def test_an_endpoint_for_all_events_is_fine(stripe):  # noqa: F811
    stripe.vault.add_endpoint(URL, events=["*"])
    assert list(gateway.stripe()) == []


@pytest.mark.parametrize(("url", "status"), [("https://other.example/webhooks/stripe/", "enabled"), (URL, "disabled")])
def test_an_endpoint_of_another_shop_or_a_disabled_one_does_not_count(stripe, settings, url, status):  # noqa: F811
    stripe.vault.add_endpoint(url, events=["*"], status=status)
    [finding] = gateway.stripe()
    assert finding.name == "stripe-webhook"
    assert finding.sentence.startswith(f"Stripe has no webhook endpoint for {URL}")
    assert f"-d url={URL} " in finding.fix
    assert finding.fix.startswith(f"curl {settings.STRIPE_API_BASE}/v1/webhook_endpoints -u $STRIPE_SECRET_KEY: ")
    assert all(f"-d 'enabled_events[]={event}'" in finding.fix for event in EVENTS)


def test_events_that_are_not_sent_are_named(stripe):  # noqa: F811
    stripe.vault.add_endpoint(URL, events=EVENTS[1:])
    [finding] = gateway.stripe()
    assert finding.name == "stripe-events"
    assert finding.sentence == f"Stripe does not send {EVENTS[0]} to {URL}."
    assert "/v1/webhook_endpoints/we_… -u " in finding.fix


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_stripe_refuses_is_named_and_not_printed(stripe, status):  # noqa: F811
    stripe.faults.append(Fault(status))
    [finding] = gateway.stripe()
    assert (finding.name, finding.fix) == ("stripe-key", "export STRIPE_SECRET_KEY=sk_…")
    assert "sk_test" not in finding.sentence


def test_silence_is_a_finding(settings):
    settings.PAYMENT_GATEWAY, settings.STRIPE_SECRET_KEY = "stripe", "sk_test_conveyor"
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    [finding] = gateway.stripe()
    assert (finding.name, finding.fix) == ("stripe", "curl http://127.0.0.1:9/healthcheck")
