"""Stripe's client, and its errors as those of the `Gateway` protocol.

Sources: https://docs.stripe.com/error-low-level, https://docs.stripe.com/error-codes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import stripe
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings

from messaging.recording.storable import text
from messaging.worker.time_limits import soft_limit_behind
from orders.bounded.http import BoundedSession
from payments.gateways.base import CardDeclined, GatewayUnavailable, KeyRefused, OutcomeUnknown, RequestRefused

# A task may make three requests, and its soft limit is 80 % of the hard one. Connecting is limited separately.
_SHARE_OF_TIME_LIMIT = 0.25
_CONNECT_SECONDS = 3.0
#: The code of a decline that is the shop's: Stripe no longer knows what the shopper entered, for example after an
#: outage of a day. Paying again, which enters it anew, is all that helps.
DETAILS_EXPIRED = "payment_details_expired"
_CHALLENGE_FAILED = "payment_intent_authentication_failure"
#: Stripe's code for an action that the intent's status does not allow any more.
UNEXPECTED_STATE = "payment_intent_unexpected_state"


@contextmanager
def typed_errors() -> Iterator[None]:
    """Translate Stripe's errors, and whatever reading an answer raises that is not as documented."""
    try:
        yield
    except (CardDeclined, GatewayUnavailable, RequestRefused, SoftTimeLimitExceeded):
        raise
    except Exception as error:
        raise next(made(error) for kinds, made in _TRANSLATIONS if isinstance(error, kinds)) from error


def refused_by_status(refused: RequestRefused) -> bool:
    """Whether Stripe refused because the intent had changed before."""
    return getattr(refused.__cause__, "code", None) == UNEXPECTED_STATE


def decline_code(error: Any) -> str:
    """The bank's own reason, if any: `insufficient_funds` is more specific than `card_declined`. Shoppers read it."""
    specific = getattr(error, "decline_code", None)
    code = text(specific if specific and specific != "generic_decline" else getattr(error, "code", "") or "declined")
    return "authentication_failed" if code == _CHALLENGE_FAILED else code


def client() -> stripe.StripeClient:
    return _client_for(
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, settings.CONVEYOR_TASK_TIME_LIMIT * _SHARE_OF_TIME_LIMIT
    )


def _cut_off(error: Any) -> BaseException:
    """Stripe's client makes a connection error of every exception, a soft time limit included."""
    return soft_limit_behind(error) or OutcomeUnknown("Stripe did not respond, or its response was cut off.")


def _unavailable(error: Any) -> GatewayUnavailable:
    """409: a request with the same key is in progress; 429: too many requests. Neither took effect."""
    status = error.http_status
    if status in (409, 429):
        busy = f"Stripe is busy; the request must be retried later ({status})."
        return GatewayUnavailable(busy, concerns_all=status == 429)
    return OutcomeUnknown(f"Stripe failed; whether the request took effect is unknown ({status}).")


def _key_in_use(error: Any) -> GatewayUnavailable:
    """The key was used with other parameters, as by an earlier release. What it did is found by the metadata."""
    if error.http_status == 409:
        return _unavailable(error)
    return OutcomeUnknown(f"Stripe knows this idempotency key from another request: {error}", concerns_all=False)


def _refused(error: Any) -> Exception:
    if error.param == "confirmation_token":
        return CardDeclined(DETAILS_EXPIRED)
    return RequestRefused(f"Stripe refused the request: {error.user_message or error}")


def _unreadable(error: Any) -> BaseException:
    """Only this answer may be odd, so it says nothing about others."""
    why = f"Stripe's answer cannot be read; whether the request took effect is unknown ({type(error).__name__})."
    return soft_limit_behind(error) or OutcomeUnknown(why, concerns_all=False)


_TRANSLATIONS: tuple[tuple[Any, Callable[[Any], BaseException]], ...] = (
    (stripe.CardError, lambda error: CardDeclined(decline_code(error.error))),
    (
        (stripe.AuthenticationError, stripe.PermissionError),
        lambda error: KeyRefused(f"Stripe refuses STRIPE_SECRET_KEY ({error.http_status})."),
    ),
    (stripe.APIConnectionError, _cut_off),
    (stripe.IdempotencyError, _key_in_use),
    ((stripe.RateLimitError, stripe.APIError), _unavailable),
    (stripe.InvalidRequestError, _refused),
    (Exception, _unreadable),
)


@lru_cache(maxsize=8)
def _client_for(key: str, base: str, seconds: float) -> stripe.StripeClient:
    """Cached, because it holds the connections. Stripe's own retries are off: the ledger's are visible and durable."""
    return stripe.StripeClient(
        key,
        base_addresses={"api": base},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=(_CONNECT_SECONDS, seconds), session=BoundedSession()),
    )
