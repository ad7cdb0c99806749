"""Webhook signatures with a timestamp: `t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>">`.

While a carrier changes its secret, a request has one `v1` by each.
"""

import hashlib
import hmac
import time

from shipping.carriers.base import NotFromCarrier

#: Seconds. Older requests are rejected, so that a recorded request cannot be replayed later.
TOLERANCE = 300
_MOST_PARTS = 10


def sign(body: bytes, *, secret: str, at: float | None = None) -> str:
    """The signature header for `body`, signed at `at` (Unix time), by default now."""
    seconds = int(time.time() if at is None else at)
    return f"t={seconds},v1={_digest(body, secret, str(seconds))}"


def verify(body: bytes, *, header: str, secret: str) -> None:
    """Raises `NotFromCarrier` unless `header` is a valid signature of `body` with a current time."""
    parts = [part.strip().partition("=")[::2] for part in header.split(",")][:_MOST_PARTS]
    seconds = dict(parts).get("t", "")[:20]
    if not (seconds.isascii() and seconds.isdecimal()) or abs(time.time() - int(seconds)) > TOLERANCE:
        raise NotFromCarrier("The timestamp of the signature is missing or too far from the current time.")
    expected = _digest(body, secret, seconds).encode()
    signatures = [value.encode() for name, value in parts if name == "v1"]
    if not secret or not any(hmac.compare_digest(signature, expected) for signature in signatures):
        raise NotFromCarrier("The signature is missing or wrong.")


def _digest(body: bytes, secret: str, seconds: str) -> str:
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
