"""Stripe gateway: one PaymentIntent per payment.

The idempotency key is sent twice: as Stripe's own key, which prevents a second intent for a day, and as metadata, by
which the intent can always be found. Stripe repeats its first response under a key, even an error 500; what really
happened is then found by the metadata.
Sources: https://docs.stripe.com/api/idempotent_requests, https://docs.stripe.com/error-low-level,
https://docs.stripe.com/api/payment_intents, https://docs.stripe.com/api/refunds, https://docs.stripe.com/refunds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any

import stripe
from django.conf import settings
from django.utils.translation import gettext as _

from messaging.worker.time_limits import soft_limit_behind
from payments.gateways import stripe_disputes
from payments.gateways.base import (
    MOST_REFUNDS,
    CardDeclined,
    Charge,
    ChargeRecord,
    ChargeState,
    GatewayUnavailable,
    KeyRefused,
    OfferedMethod,
    OutcomeUnknown,
    RecordPage,
    RefundRecord,
    RefundState,
    RequestRefused,
    latest_try,
)
from payments.gateways.dispute_records import DisputePage, DisputeRecord

KEY, REPEAT = "conveyor_key", "conveyor_repeat"
# A task may make two requests, and its soft limit is 80 % of the hard one. Connecting is limited separately.
_SHARE_OF_TIME_LIMIT = 0.3
_CONNECT_SECONDS = 3.0
_CAPTURED = "succeeded"
_AUTHORISED = "requires_capture"
#: Every other status, such as `pending` and `requires_action`, may still change.
_REFUND_STATES = {
    "succeeded": RefundState.DONE,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


class StripeGateway:
    def authorise(self, *, idempotency_key: str, amount: int, currency: str, method: str, return_url: str) -> Charge:
        intent = self._intent(idempotency_key, amount, currency, method, capture_method="manual")
        return Charge(intent.id, intent.amount, intent.currency.upper(), ChargeState.AUTHORISED)

    def capture(self, *, idempotency_key: str, reference: str, amount: int) -> Charge:
        with _typed_errors():
            intent = _client().v1.payment_intents.capture(
                reference, {"amount_to_capture": amount}, {"idempotency_key": f"{idempotency_key}-capture"}
            )
        return Charge(intent.id, intent.amount_received, intent.currency.upper(), ChargeState.CAPTURED)

    def void(self, *, reference: str) -> ChargeRecord:
        with _typed_errors():
            _client().v1.payment_intents.cancel(reference)
            return _record(_client().v1.payment_intents.retrieve(reference, {"expand": ["latest_charge"]}))

    def refund(self, *, idempotency_key: str, charge_reference: str, amount: int, repeat: int = 0) -> RefundRecord:
        """A first try is requested as by every earlier release: Stripe refuses other parameters under a used key."""
        metadata = {KEY: idempotency_key} | ({REPEAT: str(repeat)} if repeat else {})
        key = f"{idempotency_key}-{repeat}" if repeat else idempotency_key
        with _typed_errors():
            refund = _client().v1.refunds.create(
                {"payment_intent": charge_reference, "amount": amount, "metadata": metadata}, {"idempotency_key": key}
            )
        return _refund_record(refund)

    def find_refund(self, *, idempotency_key: str, charge_reference: str, reference: str = "") -> RefundRecord | None:
        if reference:
            with _typed_errors():
                return _refund_record(_client().v1.refunds.retrieve(reference))
        return latest_try(self.refunds(charge_reference=charge_reference), key=idempotency_key)

    def refunds(self, *, charge_reference: str) -> tuple[RefundRecord, ...]:
        """Stripe lists a refund as soon as it exists, unlike its search."""
        with _typed_errors():
            listed = _client().v1.refunds.list({"payment_intent": charge_reference, "limit": 100})
            found = list(islice(listed.auto_paging_iter(), MOST_REFUNDS + 1))
        if len(found) > MOST_REFUNDS:
            raise RequestRefused(f"{charge_reference} has more than {MOST_REFUNDS} refunds.")
        return tuple(_refund_record(refund) for refund in found)

    def fetch(self, *, idempotency_key: str, reference: str = "") -> ChargeRecord | None:
        if reference:
            with _typed_errors():
                return _record(_client().v1.payment_intents.retrieve(reference, {"expand": ["latest_charge"]}))
        # Search lags by up to a minute, so an intent that it does not find may still exist.
        with _typed_errors():
            found = _client().v1.payment_intents.search(
                {"query": f'metadata["{KEY}"]:"{idempotency_key}"', "limit": 1, "expand": ["data.latest_charge"]}
            )
        return _record(found.data[0]) if found.data else None

    def records(self, *, since: datetime, page: str = "") -> RecordPage:
        """Skips charges that other systems made on the same account: they lack the shop's key."""
        params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100, "expand": ["data.latest_charge"]}
        with _typed_errors():
            found = _client().v1.payment_intents.list(params | ({"starting_after": page} if page else {}))
        records = {intent.metadata[KEY]: _record(intent) for intent in found.data if KEY in intent.metadata}
        return RecordPage(records, found.data[-1].id if found.has_more else "")

    def fetch_dispute(self, *, reference: str) -> DisputeRecord | None:
        try:
            with _typed_errors():
                found = _client().v1.disputes.retrieve(reference, {"expand": ["payment_intent"]})
        except RequestRefused as refused:
            if getattr(refused.__cause__, "http_status", None) == 404:
                return None
            raise
        return stripe_disputes.read(found, key_name=KEY)

    def disputes(self, *, since: datetime, page: str = "") -> DisputePage:
        params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100, "expand": ["data.payment_intent"]}
        with _typed_errors():
            found = _client().v1.disputes.list(params | ({"starting_after": page} if page else {}))
        records = tuple(stripe_disputes.read(each, key_name=KEY) for each in found.data)
        return DisputePage(records, found.data[-1].id if found.has_more else "")

    def methods(self) -> tuple[OfferedMethod, ...]:
        """Stripe's own test cards: https://docs.stripe.com/testing. A live shop gets its methods from Stripe.js."""
        return (
            OfferedMethod("pm_card_visa", _("Visa card")),
            OfferedMethod("pm_card_mastercard", _("Mastercard")),
            OfferedMethod("pm_card_chargeDeclined", _("Card that the bank declines"), True),
            OfferedMethod("pm_card_chargeDeclinedInsufficientFunds", _("Card with insufficient funds"), True),
            OfferedMethod("pm_card_pendingRefund", _("Card whose refunds take a while"), True),
            OfferedMethod("pm_card_refundFail", _("Card whose first refund fails in the end"), True),
        )

    def _intent(self, key: str, amount: int, currency: str, method: str, *, capture_method: str) -> Any:
        params: Any = {
            "amount": amount,
            "currency": currency.lower(),
            "payment_method": method,
            "payment_method_types": ["card"],
            "capture_method": capture_method,
            "confirm": True,
            # The customer is not present to authenticate, so a card that requires it counts as declined.
            "error_on_requires_action": True,
            "metadata": {KEY: key},
        }
        with _typed_errors():
            intent = _client().v1.payment_intents.create(params, {"idempotency_key": key})
        if intent.status not in (_CAPTURED, _AUTHORISED):
            raise OutcomeUnknown(f"Stripe has not completed {intent.id} yet: {intent.status}.", concerns_all=False)
        return intent


_STATES = {
    _CAPTURED: ChargeState.CAPTURED,
    _AUTHORISED: ChargeState.AUTHORISED,
    "requires_action": ChargeState.ACTION_REQUIRED,
    "processing": ChargeState.PROCESSING,
    "requires_payment_method": ChargeState.DECLINED,
}


def _record(intent: Any) -> ChargeRecord:
    error = intent.last_payment_error
    return ChargeRecord(
        reference=intent.id,
        amount=intent.amount,
        state=_STATES.get(intent.status, ChargeState.VOIDED),
        captured=intent.amount_received or 0,
        refunded=intent.latest_charge.amount_refunded if intent.latest_charge else 0,
        currency=intent.currency.upper(),
        declined=_code(error) if error and intent.status == "requires_payment_method" else "",
    )


def _refund_record(refund: Any) -> RefundRecord:
    metadata = refund.metadata.to_dict() if refund.metadata else {}
    repeat = str(metadata.get(REPEAT, ""))
    return RefundRecord(
        reference=refund.id,
        amount=refund.amount,
        state=_REFUND_STATES.get(refund.status, RefundState.PENDING),
        key=str(metadata.get(KEY, "")),
        repeat=int(repeat) if repeat.isascii() and repeat.isdecimal() else 0,
        failure=getattr(refund, "failure_reason", None) or "",
    )


@contextmanager
def _typed_errors() -> Iterator[None]:
    """Translate Stripe's errors. Any other error is a bug.

    Stripe's client makes a connection error of every exception, a soft time limit included.
    """
    try:
        yield
    except stripe.CardError as error:
        raise CardDeclined(_code(error.error)) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise KeyRefused(f"Stripe refuses STRIPE_SECRET_KEY ({error.http_status}).") from error
    except stripe.APIConnectionError as error:
        if limit := soft_limit_behind(error):
            raise limit from error
        raise OutcomeUnknown("Stripe did not respond, or its response was cut off.") from error
    except (stripe.RateLimitError, stripe.APIError) as error:
        raise _unavailable(error.http_status) from error
    except stripe.InvalidRequestError as error:
        raise RequestRefused(f"Stripe refused the request: {error.user_message or error}") from error


def _unavailable(status: int | None) -> GatewayUnavailable:
    """409: a request with the same key is in progress; 429: too many requests. Neither took effect."""
    if status in (409, 429):
        busy = f"Stripe is busy; the request must be retried later ({status})."
        return GatewayUnavailable(busy, concerns_all=status == 429)
    return OutcomeUnknown(f"Stripe failed; whether the request took effect is unknown ({status}).")


def _code(error: Any) -> str:
    """The bank's own reason, if any: `insufficient_funds` is more specific than `card_declined`."""
    specific = getattr(error, "decline_code", None)
    return str(specific if specific and specific != "generic_decline" else getattr(error, "code", "") or "declined")


def _client() -> stripe.StripeClient:
    return _client_for(
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, settings.CONVEYOR_TASK_TIME_LIMIT * _SHARE_OF_TIME_LIMIT
    )


@lru_cache(maxsize=8)
def _client_for(key: str, base: str, seconds: float) -> stripe.StripeClient:
    """Cached, because it holds the connections. Stripe's own retries are off: the ledger's are visible and durable."""
    return stripe.StripeClient(
        key,
        base_addresses={"api": base},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=(_CONNECT_SECONDS, seconds)),
    )
