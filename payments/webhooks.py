"""Verifies and parses Stripe webhooks.

Source: https://docs.stripe.com/webhooks#verify-manually.
"""

import json
import uuid
from typing import Any

import stripe
from django.conf import settings

from payments.gateways import WebhookEvent
from payments.gateways.stripe import KEY

#: Seconds. Older events are rejected, so that a recorded request cannot be replayed later.
TOLERANCE = 300


class NotFromStripe(ValueError):
    """The signature is missing, wrong or too old, or the body is not an event."""


def read(*, body: bytes, signature: str) -> WebhookEvent:
    """The event in a raw request body. Raises `NotFromStripe` if the signature or the body is invalid."""
    try:
        stripe.WebhookSignature.verify_header(body, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE)
        event = json.loads(body)
        return _event(event["id"], event["type"], event["data"]["object"])
    except (stripe.SignatureVerificationError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise NotFromStripe(str(error)) from error


def _event(id_: str, kind: str, subject: dict[str, Any]) -> WebhookEvent:
    metadata = subject.get("metadata") or {}
    is_intent = subject.get("object") == "payment_intent"
    reference = subject["id"] if is_intent else subject.get("payment_intent") or ""
    return WebhookEvent(id_, kind, _uuid(metadata.get(KEY)) if is_intent else None, str(reference))


def _uuid(text: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None
