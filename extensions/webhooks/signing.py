"""Secrets and signatures of Standard Webhooks: https://www.standardwebhooks.com."""

import base64
from collections.abc import Iterable
from datetime import datetime
from secrets import token_bytes
from typing import Final

from standardwebhooks import Webhook

SECRET_BYTES: Final = 32


def new_secret() -> str:
    """`whsec_` and base64 of 32 random bytes; the standard wants 24 to 64."""
    return f"whsec_{base64.b64encode(token_bytes(SECRET_BYTES)).decode()}"


def headers_of(*, secrets: Iterable[str], webhook_id: str, body: str, at: datetime) -> dict[str, str]:
    """The three headers of a request at `at`, which is in UTC, with a signature by each of the secrets."""
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(webhook_id, at, body) for secret in secrets),
    }
