"""Stripe gateway: one PaymentIntent per payment.

The idempotency key is sent twice: as Stripe's own key, which prevents a second intent for a day, and as metadata, by
which the intent can always be found. Stripe repeats its first response under a key, even an error 500; what really
happened is then found by the metadata.
The browser sends a confirmation token, which stands for what the shopper entered; the intent is created and confirmed
here, by a task. An action that the bank asks for has a page at Stripe, so no page of the shop needs Stripe.js for it.
Sources: https://docs.stripe.com/payments/finalize-payments-on-the-server, https://docs.stripe.com/api/payment_intents,
https://docs.stripe.com/payments/place-a-hold-on-a-payment-method, https://docs.stripe.com/api/idempotent_requests.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from orders.webhook_events import identifier
from payments.gateways import stripe_disputes
from payments.gateways.base import (
    MOST_REFUNDS,
    CardDeclined,
    Charge,
    ChargeRecord,
    ChargeState,
    OfferedMethod,
    RecordPage,
    RefundRecord,
    RequestRefused,
    latest_try,
)
from payments.gateways.browser_form import BrowserForm
from payments.gateways.dispute_records import DisputePage, DisputeRecord
from payments.gateways.stripe_amounts import from_stripe, limits, refusal, to_stripe
from payments.gateways.stripe_browser import browser_form
from payments.gateways.stripe_client import client, refused_by_status, typed_errors
from payments.gateways.stripe_records import KEY, REPEAT, about, charge_record, entries, readable, refund_record

__all__ = ["KEY", "StripeGateway"]

_CONFIRMATION: Final = "ctoken_"
_CHARGE: Final = ["latest_charge"]
_TEST_METHODS: Final = (
    OfferedMethod("pm_card_visa", _("Visa card")),
    OfferedMethod("pm_card_mastercard", _("Mastercard")),
    OfferedMethod("pm_card_threeDSecure2Required", _("Card whose bank asks for a confirmation")),
    OfferedMethod("pm_card_chargeDeclined", _("Card that the bank declines"), True),
    OfferedMethod("pm_card_chargeDeclinedInsufficientFunds", _("Card with insufficient funds"), True),
    OfferedMethod("pm_card_pendingRefund", _("Card whose refunds take a while"), True),
    OfferedMethod("pm_card_refundFail", _("Card whose first refund fails in the end"), True),
)


class StripeGateway:
    def authorise(self, *, idempotency_key: str, amount: int, currency: str, method: str, return_url: str) -> Charge:
        """Cards are authorised, in wallets too; Stripe captures other methods as soon as the shopper has agreed."""
        with typed_errors():
            params = _confirmed(amount, currency, method, return_url) | {"metadata": {KEY: idempotency_key}}
            intent = client().v1.payment_intents.create(params, {"idempotency_key": idempotency_key})
            if _is_replayed(intent):  # as it was when the key was first used
                intent = _retrieved(intent.id)
            record = charge_record(about(intent, key=idempotency_key))
        if record.charge is None:
            raise CardDeclined(record.declined or intent.status)
        return record.charge

    def capture(self, *, idempotency_key: str, reference: str, amount: int) -> Charge:
        """Once Stripe has forgotten the key, it refuses to capture again; what it has captured is then the answer."""
        try:
            with typed_errors():
                wanted = to_stripe(amount, _currency_of(reference))
                options: Any = {"idempotency_key": f"{idempotency_key}-capture"}
                intent = client().v1.payment_intents.capture(reference, {"amount_to_capture": wanted}, options)
                currency = about(intent, reference=reference).currency.upper()
                return Charge(reference, from_stripe(intent.amount_received, currency), currency, ChargeState.CAPTURED)
        except RequestRefused as refused:
            known = _record_of(reference).charge if refused_by_status(refused) else None
            if known is None or (known.state, known.amount) != (ChargeState.CAPTURED, amount):
                raise
            return known

    def void(self, *, reference: str) -> ChargeRecord:
        try:
            with typed_errors():
                cancelled = client().v1.payment_intents.cancel(reference, {"expand": _CHARGE})
                return charge_record(about(cancelled, reference=reference))
        except RequestRefused as refused:
            if not refused_by_status(refused):
                raise
        return _record_of(reference)

    def refund(self, *, idempotency_key: str, charge_reference: str, amount: int, repeat: int = 0) -> RefundRecord:
        """A first try is requested as by every earlier release: Stripe refuses other parameters under a used key."""
        metadata = {KEY: idempotency_key} | ({REPEAT: str(repeat)} if repeat else {})
        key = f"{idempotency_key}-{repeat}" if repeat else idempotency_key
        with typed_errors():
            wanted = to_stripe(amount, _currency_of(charge_reference))
            params: Any = {"payment_intent": charge_reference, "amount": wanted, "metadata": metadata}
            made = client().v1.refunds.create(params, {"idempotency_key": key})
            return refund_record(made, of=charge_reference)

    def find_refund(self, *, idempotency_key: str, charge_reference: str, reference: str = "") -> RefundRecord | None:
        if reference:
            with typed_errors():
                found = client().v1.refunds.retrieve(reference)
                return refund_record(about(found, reference=reference), of=charge_reference)
        return latest_try(self.refunds(charge_reference=charge_reference), key=idempotency_key)

    def refunds(self, *, charge_reference: str) -> tuple[RefundRecord, ...]:
        """Stripe lists a refund as soon as it exists, unlike its search."""
        with typed_errors():
            listed = client().v1.refunds.list({"payment_intent": charge_reference, "limit": 100})
            refunds = entries(listed, most=MOST_REFUNDS)
            found = tuple(refund_record(refund, of=charge_reference) for refund in refunds)
        if len(found) > MOST_REFUNDS:
            raise RequestRefused(f"{charge_reference} has more than {MOST_REFUNDS} refunds.")
        return found

    def fetch(self, *, idempotency_key: str, reference: str = "") -> ChargeRecord | None:
        if reference:
            return _record_of(reference)
        # Search lags by up to a minute, so an intent that it does not find may still exist.
        with typed_errors():
            found = client().v1.payment_intents.search(
                {"query": f'metadata["{KEY}"]:"{idempotency_key}"', "limit": 1, "expand": ["data.latest_charge"]}
            )
            return charge_record(about(found.data[0], key=idempotency_key)) if found.data else None

    def records(self, *, since: datetime, page: str = "") -> RecordPage:
        """Skips charges that other systems made on the same account: they lack the shop's key."""
        params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100, "expand": ["data.latest_charge"]}
        with typed_errors():
            found = client().v1.payment_intents.list(params | ({"starting_after": page} if page else {}))
            records = {str(intent.metadata[KEY]): readable(intent) for intent in found.data if KEY in intent.metadata}
            return RecordPage(records, identifier(found.data[-1].id) if found.has_more else "")

    def fetch_dispute(self, *, reference: str) -> DisputeRecord | None:
        try:
            with typed_errors():
                found = client().v1.disputes.retrieve(reference, {"expand": ["payment_intent"]})
                return stripe_disputes.read(about(found, reference=reference), key_name=KEY)
        except RequestRefused as refused:
            if getattr(refused.__cause__, "http_status", None) == 404:
                return None
            raise

    def disputes(self, *, since: datetime, page: str = "") -> DisputePage:
        params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100, "expand": ["data.payment_intent"]}
        with typed_errors():
            found = client().v1.disputes.list(params | ({"starting_after": page} if page else {}))
            keys = {identifier(each.id): stripe_disputes.key(each, key_name=KEY) for each in found.data}
            return DisputePage(keys, identifier(found.data[-1].id) if found.has_more else "")

    def limits(self, currency: str) -> tuple[int, int]:
        return limits(currency)

    def browser_form(self) -> BrowserForm:
        return browser_form()

    def methods(self) -> tuple[OfferedMethod, ...]:
        """Stripe's own test methods, for programs: https://docs.stripe.com/testing. Shoppers use the payment step."""
        if "_live_" in settings.STRIPE_SECRET_KEY:
            return ()
        return _TEST_METHODS


def _confirmed(amount: int, currency: str, method: str, return_url: str) -> Any:
    """Parameters of an intent that is confirmed as it is created.

    `use_stripe_sdk` overrides the token's, so that an action has an address instead of needing Stripe.js. Only cards
    are authorised first: a method that cannot be would be refused with `capture_method` manual.
    """
    return {
        "amount": to_stripe(amount, currency),
        "currency": currency.lower(),
        "confirmation_token" if method.startswith(_CONFIRMATION) else "payment_method": method,
        "automatic_payment_methods": {"enabled": True},
        "payment_method_options": {"card": {"capture_method": "manual"}},
        "confirm": True,
        "return_url": return_url,
        "use_stripe_sdk": False,
        "expand": _CHARGE,
    }


def _is_replayed(intent: Any) -> bool:
    """Whether Stripe repeats its first response under an idempotency key."""
    response = intent.last_response
    return bool(response) and response.headers.get("Idempotent-Replayed") == "true"


def _record_of(reference: str) -> ChargeRecord:
    with typed_errors():
        return charge_record(_retrieved(reference))


def _retrieved(reference: str) -> Any:
    return about(client().v1.payment_intents.retrieve(reference, {"expand": _CHARGE}), reference=reference)


@lru_cache(maxsize=1024)
def _currency_of(reference: str) -> str:
    """The currency of an intent, which never changes: Stripe's minor units depend on it.

    Raises `ValueError` for what is none: a wrong answer that was kept would refuse every capture of this process.
    """
    found = str(_retrieved(reference).currency.upper())
    if why_not := refusal(found):
        raise ValueError(why_not)
    return found
