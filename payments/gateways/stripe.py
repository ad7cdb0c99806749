"""How does the shop speak to Stripe?

One PaymentIntent a payment. Its idempotency key goes along twice: as Stripe's own key, which forbids a second intent
for a day, and as metadata, by which the intent is found for ever. Stripe repeats the answer it first gave under a key,
even an error 500; then the intent's metadata, not the answer, tells what happened.
Sources: https://docs.stripe.com/api/idempotent_requests, https://docs.stripe.com/error-low-level,
https://docs.stripe.com/api/payment_intents.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

import stripe
from django.conf import settings
from django.utils.translation import gettext as _

from payments.gateways.base import (
    Authorisation,
    CardDeclined,
    ChargeRecord,
    ChargeResult,
    GatewayUnavailable,
    OfferedMethod,
    OutcomeUnknown,
    RefundResult,
    RequestRefused,
)

KEY = "conveyor_key"
# A task may ask twice, and its soft limit ends it at 80 % of the hard one; seconds to connect stand beside.
_SHARE_OF_TIME_LIMIT = 0.3
_CONNECT_SECONDS = 3.0
# Metadata is searched with a delay of up to a minute, so an intent that the search does not find may still exist.
_TAKEN = "succeeded"
_HELD = "requires_capture"


class StripeGateway:
    def authorise(self, *, idempotency_key: str, amount: int, currency: str, method: str) -> Authorisation:
        intent = self._intent(idempotency_key, amount, currency, method, capture_method="manual")
        return Authorisation(intent.id, intent.amount, intent.currency.upper())

    def capture(self, *, idempotency_key: str, reference: str, amount: int) -> ChargeResult:
        with _typed_errors():
            intent = _client().v1.payment_intents.capture(
                reference, {"amount_to_capture": amount}, {"idempotency_key": f"{idempotency_key}-capture"}
            )
        return ChargeResult(intent.id, intent.amount_received, intent.currency.upper())

    def charge(self, *, idempotency_key: str, amount: int, currency: str, method: str) -> ChargeResult:
        intent = self._intent(idempotency_key, amount, currency, method, capture_method="automatic")
        return ChargeResult(intent.id, intent.amount_received, intent.currency.upper())

    def refund(self, *, idempotency_key: str, charge_reference: str, amount: int) -> RefundResult:
        with _typed_errors():
            refund = _client().v1.refunds.create(
                {"payment_intent": charge_reference, "amount": amount, "metadata": {KEY: idempotency_key}},
                {"idempotency_key": idempotency_key},
            )
        if refund.status in ("failed", "canceled"):
            raise RequestRefused(f"Stripe could not give back {amount} of {charge_reference}: {refund.failure_reason}")
        return RefundResult(refund.id, refund.amount)

    def fetch(self, *, idempotency_key: str, reference: str = "") -> ChargeRecord | None:
        if reference:
            with _typed_errors():
                return _record(_client().v1.payment_intents.retrieve(reference, {"expand": ["latest_charge"]}))
        with _typed_errors():
            found = _client().v1.payment_intents.search(
                {"query": f'metadata["{KEY}"]:"{idempotency_key}"', "limit": 1, "expand": ["data.latest_charge"]}
            )
        return _record(found.data[0]) if found.data else None

    def records(self, *, since: datetime) -> Iterator[tuple[str, ChargeRecord]]:
        """Charges of others on the same account carry no key of the shop and are passed over."""
        with _typed_errors():
            page = _client().v1.payment_intents.list(
                {"created": {"gte": int(since.timestamp())}, "limit": 100, "expand": ["data.latest_charge"]}
            )
            for intent in page.auto_paging_iter():
                if KEY in intent.metadata:
                    yield intent.metadata[KEY], _record(intent)

    def methods(self) -> tuple[OfferedMethod, ...]:
        """Stripe's own test cards: https://docs.stripe.com/testing. A live shop gets its methods from Stripe.js."""
        return (
            OfferedMethod("pm_card_visa", _("Visa card")),
            OfferedMethod("pm_card_mastercard", _("Mastercard")),
            OfferedMethod("pm_card_chargeDeclined", _("Card that the bank declines"), True),
            OfferedMethod("pm_card_chargeDeclinedInsufficientFunds", _("Card without enough money"), True),
        )

    def _intent(self, key: str, amount: int, currency: str, method: str, *, capture_method: str) -> Any:
        params: Any = {
            "amount": amount,
            "currency": currency.lower(),
            "payment_method": method,
            "payment_method_types": ["card"],
            "capture_method": capture_method,
            "confirm": True,
            # Nobody is there to answer the bank's question, so that such a card counts as declined.
            "error_on_requires_action": True,
            "metadata": {KEY: key},
        }
        with _typed_errors():
            intent = _client().v1.payment_intents.create(params, {"idempotency_key": key})
        if intent.status not in (_TAKEN, _HELD):
            raise OutcomeUnknown(f"Stripe has not decided on {intent.id} yet: {intent.status}.", concerns_all=False)
        return intent


def _record(intent: Any) -> ChargeRecord:
    error = intent.last_payment_error
    return ChargeRecord(
        reference=intent.id,
        captured=intent.amount_received or 0,
        refunded=intent.latest_charge.amount_refunded if intent.latest_charge else 0,
        currency=intent.currency.upper(),
        declined=_code(error) if error and intent.status == "requires_payment_method" else "",
    )


@contextmanager
def _typed_errors() -> Iterator[None]:
    """Stripe's errors as the shop's. What is left, such as a wrong API key, is a bug or a wrong setting."""
    try:
        yield
    except stripe.CardError as error:
        raise CardDeclined(_code(error.error)) from error
    except stripe.APIConnectionError as error:
        raise OutcomeUnknown("Stripe did not answer, or its answer was cut off.") from error
    except (stripe.RateLimitError, stripe.APIError) as error:
        raise _unanswered(error.http_status) from error
    except stripe.InvalidRequestError as error:
        raise RequestRefused(f"Stripe refuses the request: {error.user_message or error}") from error


def _unanswered(status: int | None) -> GatewayUnavailable:
    """409: the same key is being worked on just now; 429: too many requests. Neither did anything."""
    if status in (409, 429):
        busy = f"Stripe is busy and wants to be asked again later ({status})."
        return GatewayUnavailable(busy, concerns_all=status == 429)
    return OutcomeUnknown(f"Stripe failed and does not say whether the request took effect ({status}).")


def _code(error: Any) -> str:
    """The bank's own reason where there is one: `insufficient_funds` says more than `card_declined`."""
    specific = getattr(error, "decline_code", None)
    return str(specific if specific and specific != "generic_decline" else getattr(error, "code", "") or "declined")


def _client() -> stripe.StripeClient:
    return _client_for(
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, settings.CONVEYOR_TASK_TIME_LIMIT * _SHARE_OF_TIME_LIMIT
    )


@lru_cache(maxsize=8)
def _client_for(key: str, base: str, seconds: float) -> stripe.StripeClient:
    """Kept, since it holds the connections. Stripe's own retries are off: the ledger's are visible and survive."""
    return stripe.StripeClient(
        key,
        base_addresses={"api": base},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=(_CONNECT_SECONDS, seconds)),
    )
