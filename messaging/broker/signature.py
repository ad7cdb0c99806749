"""Signatures: how a worker knows that a relay wrote a message, and not somebody else who can reach the broker."""

import hmac
from typing import Any

from django.conf import settings

#: Headers with the attributes of CloudEvents, which are signed with what the engine itself reads.
EVENT = tuple(f"cloudEvents:{name}" for name in ("specversion", "id", "source", "type", "time", "subject"))


def sign(body: Any, *headers: object) -> str:
    """The signature of a body that is published under these headers."""
    content = body.encode(errors="replace") if isinstance(body, str) else bytes(body or b"")
    text = repr(headers).encode(errors="replace") + content
    return hmac.digest(f"messaging.broker.signature {settings.SECRET_KEY}".encode(), text, "sha256").hex()
