"""Is what came really from Stripe, and which payment is it about?

Source: https://docs.stripe.com/webhooks#verify-manually.
"""

import json
import uuid
from typing import Any

import stripe
from django.conf import settings

from payments.events import Event
from payments.gateways.stripe import KEY

#: Seconds. An older event is refused, so that one who listened once cannot play it again for ever.
TOLERANCE = 300


class NotFromStripe(ValueError):
    """The signature is missing, wrong or too old."""


def read(*, body: bytes, signature: str) -> Event:
    """The event in a raw request body. Raises `NotFromStripe`; of a body with a good signature, nothing is doubted."""
    try:
        stripe.WebhookSignature.verify_header(body, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE)
        event = json.loads(body)
        return _event(event["id"], event["type"], event["data"]["object"])
    except (stripe.SignatureVerificationError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise NotFromStripe(str(error)) from error


def _event(id_: str, kind: str, about: dict[str, Any]) -> Event:
    metadata = about.get("metadata") or {}
    is_intent = about.get("object") == "payment_intent"
    reference = about["id"] if is_intent else about.get("payment_intent") or ""
    return Event(id_, kind, _uuid(metadata.get(KEY)) if is_intent else None, str(reference))


def _uuid(text: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None
