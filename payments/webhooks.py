"""Verifies and parses Stripe webhooks.

Source: https://docs.stripe.com/webhooks#verify-manually.
"""

import json
import time
import uuid
from typing import Any

import stripe

from orders.webhook_events import EventNotUnderstood, NotAuthentic, identifier
from payments.gateways import WebhookEvent
from payments.gateways.stripe import KEY

#: Seconds. Events signed longer ago are rejected, so that a recorded request cannot be replayed later; so are those
#: signed in the future, which could be replayed until then.
TOLERANCE = 300


def read(*, body: bytes, signature: str, secret: str) -> WebhookEvent:
    """The event in a raw request body.

    Raises `NotAuthentic` for any problem with the signature and `EventNotUnderstood` for any problem with the body.
    """
    try:
        stripe.WebhookSignature.verify_header(body, signature, secret, TOLERANCE)
        signed_at = next(int(part[2:]) for part in signature.split(",") if part.startswith("t="))
        if signed_at > time.time() + TOLERANCE:
            raise NotAuthentic("It was signed in the future.")
    except Exception as error:
        raise NotAuthentic(str(error)) from error
    try:
        event = json.loads(body)
        return _event(event["id"], event["type"], event["data"]["object"])
    except Exception as error:
        raise EventNotUnderstood(repr(error)) from error


def _event(id_: Any, kind: Any, subject: dict[str, Any]) -> WebhookEvent:
    """Events about a PaymentIntent carry the payment's ID; those about its charge or a refund, the intent's ID."""
    metadata = subject.get("metadata") or {}
    is_intent = subject.get("object") == "payment_intent"
    reference = subject["id"] if is_intent else subject.get("payment_intent") or ""
    key = _uuid(metadata.get(KEY)) if is_intent else None
    dispute = identifier(subject["id"]) if subject.get("object") == "dispute" else ""
    reference = identifier(reference) if reference else ""
    return WebhookEvent(identifier(id_), identifier(kind, most=60), key, reference, dispute)


def _uuid(text: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None
