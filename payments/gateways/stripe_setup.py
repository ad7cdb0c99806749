"""Stripe's side of the set-up: the currency, the key, and the webhook endpoint with its events.

Source: https://docs.stripe.com/api/webhook_endpoints.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from payments.gateways.stripe_amounts import refusal
from payments.gateways.stripe_client import client, typed_errors
from payments.gateways.stripe_records import entries

#: Webhook endpoints of one account that are looked at. Stripe allows far fewer.
MOST_ENDPOINTS: Final = 300
PATH: Final = "/webhooks/stripe/"
#: What changes at Stripe without a request of the shop's. Each event only makes the shop ask for the record.
EVENTS: Final = (
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.refunded",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "refund.created",
    "refund.failed",
    "refund.updated",
)


def refuse_currency() -> None:
    """Raise `ImproperlyConfigured` if the shop sells in a currency in which Stripe charges nothing."""
    if reason := refusal(settings.SHOP_CURRENCY):
        raise ImproperlyConfigured(
            f"SHOP_CURRENCY is {settings.SHOP_CURRENCY}, and PAYMENT_GATEWAY is stripe: {reason}"
        )


def endpoint_url() -> str:
    return settings.SITE_URL + PATH


def missing_events() -> list[str]:
    """Events that no enabled endpoint of this shop is sent. Raises `KeyRefused` and `GatewayUnavailable`."""
    with typed_errors():
        listed = entries(client().v1.webhook_endpoints.list({"limit": 100}), most=MOST_ENDPOINTS)
        found = [each for each in listed if each.url == endpoint_url() and each.status == "enabled"]
    return _not_sent(found)


def _not_sent(endpoints: Iterable[Any]) -> list[str]:
    sent = {event for endpoint in endpoints for event in endpoint.enabled_events}
    return [] if "*" in sent else [event for event in EVENTS if event not in sent]
