"""The fake Stripe server answers with fields and values that Stripe has.

Stripe generates the classes of its library from its OpenAPI description (https://github.com/stripe/openapi), so each
object is compared with the class of its name in the library that the shop uses.
"""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
import stripe as stripe_library

from payments.gateways.stripe import StripeGateway
from payments.gateways.stripe_records import _STATES
from payments.gateways.stripe_setup import EVENTS
from tests.payments.gateways.stripe_server import StripeServer

NUMBERS = {"card": "4242424242424242", "3ds": "4000000000003220", "debit": "DE89370400440532013000"}
CLASSES: dict[str, type] = {
    "payment_intent": stripe_library.PaymentIntent,
    "charge": stripe_library.Charge,
    "refund": stripe_library.Refund,
    "dispute": stripe_library.Dispute,
    "confirmation_token": stripe_library.ConfirmationToken,
    "webhook_endpoint": stripe_library.WebhookEndpoint,
    "balance_transaction": stripe_library.BalanceTransaction,
}


def hints(kind: type) -> dict[str, Any]:
    module = __import__(kind.__module__, fromlist=["_"])
    own = {name: each for name, each in vars(kind).items() if isinstance(each, type)}
    names = vars(stripe_library) | vars(module) | own
    return {name: _resolved(text, names) for name, text in kind.__annotations__.items()}


def _resolved(text: Any, names: dict[str, Any]) -> Any:
    """Classes that the library imports for type checkers only are of no interest here."""
    if not isinstance(text, str):
        return text
    try:
        return eval(text, names)  # noqa: S307 - annotations of the library
    except NameError:
        return Any


def literals(hint: Any) -> set[str]:
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return set().union(*map(literals, get_args(hint))) if get_args(hint) else set()


def wrong(found: Any, kind: type | None = None) -> Iterator[str]:
    """Fields that the class does not have, and values that its field does not allow."""
    if isinstance(found, list):
        for each in found:
            yield from wrong(each)
    if not isinstance(found, dict):
        return
    kind = CLASSES.get(found.get("object", ""), kind)
    known = hints(kind) if kind else {}
    for name, value in found.items():
        if kind and name not in known:
            yield f"{kind.__name__} has no field {name}"
        allowed = literals(known.get(name))
        if allowed and isinstance(value, str) and value not in allowed:
            yield f"{kind and kind.__name__}.{name} is never {value!r}"
        yield from wrong(value)


def test_the_comparison_finds_what_stripe_does_not_have():
    assert list(wrong({"object": "refund", "colour": "red"})) == ["Refund has no field colour"]
    assert list(wrong({"object": "charge", "status": "lost"})) == ["Charge.status is never 'lost'"]


def test_every_object_of_every_state_has_stripes_fields_and_values(stripe: StripeServer):
    vault, gateway = stripe.vault, StripeGateway()
    references = {}
    for name, number in NUMBERS.items():
        charge = gateway.authorise(
            idempotency_key=name,
            amount=500,
            currency="EUR",
            method=vault.token(number),
            return_url="https://shop.example/",
        )
        references[name] = charge.reference
    vault.charges.approve(references["3ds"])
    gateway.void(reference=references["3ds"])
    vault.charges.settle(references["debit"], succeeds=False)
    gateway.capture(idempotency_key="card", reference=references["card"], amount=500)
    refund = gateway.refund(idempotency_key="r1", charge_reference=references["card"], amount=100)
    vault.settle(refund.reference, "failed")
    dispute = vault.disputes.open(references["card"])
    subjects = [subject for _kind, subject in vault.events]
    assert {subject["status"] for subject in subjects if subject["object"] == "payment_intent"} == set(_STATES) - {
        "requires_confirmation"
    }
    vault.add_endpoint("https://shop.example/webhooks/stripe/", events=EVENTS)
    for found in (
        *vault.endpoints,
        *subjects,
        *vault.intents.values(),
        *vault.tokens.rows.values(),
        vault.disputes.expanded(dispute),
    ):
        assert list(wrong(found)) == []
    assert {kind for kind, _subject in vault.events} <= set(EVENTS)


def test_the_events_that_the_shop_needs_exist():
    assert set(EVENTS) <= literals(hints(stripe_library.Event)["type"])


@pytest.mark.parametrize("status", sorted(literals(hints(stripe_library.PaymentIntent)["status"])))
def test_each_status_of_an_intent_is_read(status):
    assert status in _STATES
