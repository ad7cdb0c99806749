"""Stripe's keys: which ones stop the start, in one sentence that prints none of them."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.parts.payment_gateway import STRIPE_JS, stripe_addresses, stripe_keys

KEYS = {
    "STRIPE_SECRET_KEY": "sk_test_51abc",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_51abc",
    "STRIPE_WEBHOOK_SECRET": "whsec_51abc",
}
LIVE = {"STRIPE_SECRET_KEY": "sk_live_51abc", "STRIPE_PUBLISHABLE_KEY": "pk_live_51abc"}


@pytest.fixture
def variables(monkeypatch):
    """Sets the variables, on top of complete test keys."""

    def set_all(changed: dict[str, str]) -> None:
        for name, value in (KEYS | changed).items():
            monkeypatch.setenv(name, value)

    return set_all


def read(*, gateway: str = "stripe", rehearsal: bool = False) -> tuple[str, str, tuple[str, ...]]:
    return stripe_keys(gateway=gateway, rehearsal=rehearsal)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"STRIPE_SECRET_KEY": ""}, "STRIPE_SECRET_KEY is not set; PAYMENT_GATEWAY=stripe requires it."),
        ({"STRIPE_PUBLISHABLE_KEY": ""}, "STRIPE_PUBLISHABLE_KEY is not set; PAYMENT_GATEWAY=stripe requires it."),
        ({"STRIPE_WEBHOOK_SECRET": ""}, "STRIPE_WEBHOOK_SECRET is not set; PAYMENT_GATEWAY=stripe requires it."),
        ({"STRIPE_PUBLISHABLE_KEY": "sk_test_51abc"}, "STRIPE_PUBLISHABLE_KEY is a secret key"),
        ({"STRIPE_PUBLISHABLE_KEY": "rk_test_51abc"}, "STRIPE_PUBLISHABLE_KEY is a secret key"),
        ({"STRIPE_PUBLISHABLE_KEY": "51abc"}, "STRIPE_PUBLISHABLE_KEY is not a publishable key of Stripe"),
        ({"STRIPE_SECRET_KEY": "pk_test_51abc"}, "STRIPE_SECRET_KEY is a publishable key"),
        ({"STRIPE_SECRET_KEY": "sk_live_51abc"}, "must both be test keys, or both live keys"),
        ({"STRIPE_PUBLISHABLE_KEY": "pk_live_51abc"}, "must both be test keys, or both live keys"),
    ],
)
def test_a_key_that_is_missing_or_in_the_wrong_place_stops_the_start(variables, changed, sentence):
    variables(changed)
    with pytest.raises(ImproperlyConfigured) as error:
        read()
    assert sentence in str(error.value)
    assert "51abc" not in str(error.value)


@pytest.mark.parametrize("key", ["sk_live_51abc", "rk_live_51abc", "sk_org_live_51abc"])
@pytest.mark.parametrize("gateway", ["stripe", "simulated"])
def test_a_live_key_is_refused_in_a_rehearsal(variables, key, gateway):
    variables(LIVE | {"STRIPE_SECRET_KEY": key})
    with pytest.raises(ImproperlyConfigured, match="STRIPE_SECRET_KEY is a live key") as error:
        read(gateway=gateway, rehearsal=True)
    assert "51abc" not in str(error.value)


def test_live_keys_are_taken_outside_a_rehearsal(variables):
    variables(LIVE)
    assert read() == ("sk_live_51abc", "pk_live_51abc", ("whsec_51abc",))


def test_other_gateways_need_no_key(variables):
    variables(dict.fromkeys(KEYS, ""))
    assert read(gateway="simulated") == ("", "", ())


@pytest.mark.parametrize("name", ["STRIPE_API_BASE", "STRIPE_JS_URL"])
def test_a_stand_in_is_for_test_keys_only(monkeypatch, name):
    monkeypatch.setenv(name, "http://127.0.0.1:9/stand-in")
    assert "http://127.0.0.1:9/stand-in" in stripe_addresses(secret_key="sk_test_51abc")
    with pytest.raises(ImproperlyConfigured, match=name):
        stripe_addresses(secret_key="sk_live_51abc")


def test_stripes_own_addresses_are_the_default(monkeypatch):
    for name in ("STRIPE_API_BASE", "STRIPE_JS_URL"):
        monkeypatch.delenv(name, raising=False)
    assert stripe_addresses(secret_key="sk_live_51abc") == ("https://api.stripe.com", STRIPE_JS)


def test_the_webhook_may_have_two_secrets_while_one_is_replaced(variables):
    variables({"STRIPE_WEBHOOK_SECRET": "whsec_new, whsec_old"})
    assert read()[2] == ("whsec_new", "whsec_old")
