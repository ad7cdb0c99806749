"""Was a body signed just now by who knows the secret? `t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>">`."""

import hashlib
import hmac
import time

from shipping.carriers.base import NotFromCarrier

#: Seconds. An older body is refused, so that one who listened once cannot play it again for ever.
TOLERANCE = 300


def sign(body: bytes, *, secret: str, at: float | None = None) -> str:
    """The header for `body`, signed at `at` (seconds since 1970), by default now."""
    seconds = int(time.time() if at is None else at)
    return f"t={seconds},v1={_digest(body, secret, str(seconds))}"


def verify(body: bytes, *, header: str, secret: str) -> None:
    """Raises `NotFromCarrier` unless `header` signs `body`, and is neither old nor from the future."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    seconds, signature = parts.get("t", ""), parts.get("v1", "")
    if not (seconds.isascii() and seconds.isdecimal()) or abs(time.time() - int(seconds)) > TOLERANCE:
        raise NotFromCarrier("The time of the signature is missing or too far from now.")
    if not secret or not hmac.compare_digest(signature.encode(), _digest(body, secret, seconds).encode()):
        raise NotFromCarrier("The signature is missing or wrong.")


def _digest(body: bytes, secret: str, seconds: str) -> str:
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
