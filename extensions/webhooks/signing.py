"""Secrets and signatures of Standard Webhooks: https://www.standardwebhooks.com."""

import base64
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Final

from standardwebhooks import Webhook

if TYPE_CHECKING:
    from extensions.webhooks.models import Endpoint

SECRET_BYTES: Final = 32


def new_secret() -> str:
    """`whsec_` and base64 of 32 random bytes; the standard wants 24 to 64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def headers_of(*, endpoint: "Endpoint", webhook_id: str, body: str, at: datetime) -> dict[str, str]:
    """The three headers of a request at `at`, which is in UTC. Two signatures while a rotation overlaps."""
    valid = [endpoint.secret]
    if endpoint.previous_secret and endpoint.previous_until and at < endpoint.previous_until:
        valid.append(endpoint.previous_secret)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(webhook_id, at, body) for secret in valid),
    }
