"""PaymentIntents: what the shop asks Stripe for, and how it reads each answer."""

from typing import Any

import pytest

from payments.gateways import CardDeclined, Charge, ChargeRecord, ChargeState, RefundState, RequestRefused
from payments.gateways.stripe import StripeGateway
from tests.payments.gateways.stripe_server import Fault, StripeServer

CARD, CHALLENGED, IBAN = "4242424242424242", "4000000000003220", "DE89370400440532013000"
RETURN_URL = "https://shop.example/orders/1/"


def authorise(method: str, *, key: str = "k1", amount: int = 500, currency: str = "EUR") -> Charge:
    return StripeGateway().authorise(
        idempotency_key=key, amount=amount, currency=currency, method=method, return_url=RETURN_URL
    )


def record(reference: str) -> ChargeRecord:
    found = StripeGateway().fetch(idempotency_key="k1", reference=reference)
    assert found is not None
    return found


def test_what_the_shopper_entered_is_confirmed_by_its_token(stripe: StripeServer):
    token = stripe.vault.token(CARD)
    charge = authorise(token)
    assert charge.state is ChargeState.AUTHORISED
    assert stripe.vault.tokens.rows[token]["payment_intent"] == charge.reference


def test_an_action_has_an_address_though_the_token_is_for_stripes_script(stripe: StripeServer):
    token = stripe.vault.token(CHALLENGED)
    assert stripe.vault.tokens.rows[token]["use_stripe_sdk"]
    charge = authorise(token)
    assert charge.action_url == f"{stripe.url}/challenge/{charge.reference}"
    action = stripe.vault.intents[charge.reference]["next_action"]
    assert action["redirect_to_url"]["return_url"] == RETURN_URL


def test_an_action_that_only_stripes_script_can_show_has_no_address(stripe: StripeServer):
    reference = authorise(stripe.vault.token(CHALLENGED)).reference
    stripe.vault.intents[reference]["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
    assert (record(reference).state, record(reference).action_url) == (ChargeState.ACTION_REQUIRED, "")


def test_an_action_with_a_page_of_another_kind_has_its_address(stripe: StripeServer):
    reference = authorise(stripe.vault.token(CHALLENGED)).reference
    page = {"hosted_voucher_url": "https://payments.stripe.com/voucher/1"}
    stripe.vault.intents[reference]["next_action"] = {"type": "multibanco_display_details"} | {
        "multibanco_display_details": page
    }
    assert record(reference).action_url == "https://payments.stripe.com/voucher/1"


def test_only_cards_are_authorised_first(stripe: StripeServer):
    card, debit = authorise(stripe.vault.token(CARD)), authorise(stripe.vault.token(IBAN), key="k2")
    methods = [stripe.vault.intents[charge.reference]["capture_method"] for charge in (card, debit)]
    assert methods == ["manual", "automatic_async"]


@pytest.mark.parametrize("days", [0, 0.5])
def test_details_that_stripe_no_longer_knows_are_declined_so_that_the_shopper_enters_them_again(stripe, days):
    token = stripe.vault.token(CARD)
    if days:
        stripe.vault.later(days=days)
    else:
        authorise(token, key="another order")
    with pytest.raises(CardDeclined) as declined:
        authorise(token)
    assert declined.value.code == "payment_details_expired"


@pytest.mark.parametrize("status", ["requires_payment_method", "requires_confirmation"])
def test_an_intent_that_was_never_confirmed_takes_no_money(stripe: StripeServer, status: str):
    reference = authorise("pm_card_visa").reference
    stripe.vault.intents[reference]["status"] = status
    assert (record(reference).state, record(reference).declined) == (ChargeState.DECLINED, "not_confirmed")


def test_a_status_of_the_future_counts_as_processing(stripe: StripeServer):
    reference = authorise("pm_card_visa").reference
    stripe.vault.intents[reference]["status"] = "requires_a_coin"
    assert record(reference).state is ChargeState.PROCESSING


def test_a_debit_that_the_bank_returns_is_declined(stripe: StripeServer):
    reference = authorise(stripe.vault.token(IBAN)).reference
    stripe.vault.charges.settle(reference, succeeds=False)
    assert (record(reference).state, record(reference).declined) == (ChargeState.DECLINED, "insufficient_funds")


def test_a_lost_reply_to_a_capture_captures_once(stripe: StripeServer):
    reference = authorise("pm_card_visa").reference
    stripe.faults.extend([Fault(500), Fault(None, applied=True)])
    for _ in range(2):
        with pytest.raises(Exception, match="Stripe"):
            StripeGateway().capture(idempotency_key="k1", reference=reference, amount=500)
    stripe.vault.later(days=2)
    assert StripeGateway().capture(idempotency_key="k1", reference=reference, amount=500).amount == 500
    assert stripe.vault.intents[reference]["amount_received"] == 500


def test_a_capture_answers_what_stripe_captured(stripe: StripeServer, monkeypatch: pytest.MonkeyPatch):
    reference = authorise("pm_card_visa").reference
    monkeypatch.setattr("payments.gateways.stripe.to_stripe", lambda amount, currency: 400)
    assert StripeGateway().capture(idempotency_key="k1", reference=reference, amount=500).amount == 400


def test_a_key_is_forgotten_after_a_day_and_the_intent_is_found_by_its_metadata(stripe: StripeServer):
    reference = authorise("pm_card_visa").reference
    stripe.vault.later(days=1)
    found = StripeGateway().fetch(idempotency_key="k1")
    assert found is not None
    assert found.reference == reference
    assert authorise("pm_card_visa").reference != reference


def test_an_unknown_intent_cannot_be_captured_or_voided(stripe: StripeServer):
    for act in (
        lambda: StripeGateway().capture(idempotency_key="k1", reference="pi_unknown", amount=500),
        lambda: StripeGateway().void(reference="pi_unknown"),
    ):
        with pytest.raises(RequestRefused):
            act()


def test_amounts_are_in_stripes_minor_units_at_stripe_and_in_the_shops_here(stripe: StripeServer):
    charge = authorise("pm_card_visa", amount=5, currency="ISK")
    assert (charge.amount, stripe.vault.intents[charge.reference]["amount"]) == (5, 500)
    gateway = StripeGateway()
    assert gateway.capture(idempotency_key="k1", reference=charge.reference, amount=4).amount == 4
    made = gateway.refund(idempotency_key="r1", charge_reference=charge.reference, amount=2)
    assert (made.amount, made.state) == (2, RefundState.DONE)
    assert (record(charge.reference).captured, record(charge.reference).refunded) == (4, 2)
    dispute = stripe.vault.disputes.open(charge.reference)
    found = gateway.fetch_dispute(reference=dispute["id"])
    assert found is not None
    assert (dispute["amount"], found.amount) == (400, 4)


def test_a_currency_in_which_stripe_charges_nothing_is_refused_without_a_request(stripe: StripeServer):
    with pytest.raises(RequestRefused, match="Stripe charges nothing in XTS"):
        authorise("pm_card_visa", currency="XTS")
    assert stripe.requests == []


@pytest.mark.parametrize(("key", "offers"), [("sk_test_1", True), ("sk_live_1", False), ("rk_live_1", False)])
def test_test_methods_are_for_test_keys_only(settings: Any, key: str, offers: bool):
    settings.STRIPE_SECRET_KEY = key
    assert bool(StripeGateway().methods()) == offers
