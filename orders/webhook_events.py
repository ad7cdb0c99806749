"""Webhook events that are authentic but not understood: kept as dead letters, so that none is lost or sent for ever."""

import hashlib
import uuid

from messaging.models import Message
from messaging.payloads import Payload
from messaging.topology import Priority, topology
from messaging.transitions import file_stray
from messaging.transitions.failure import synthetic_failure

#: Unread events kept of each sender; after that it is refused, and sends them again later.
MAX_KEPT = 1000
_MAX_BYTES = 256_000
_EVENTS = uuid.UUID("0d6f6f0e-5a4e-4d55-8a53-2f3c54a0a0c7")


def identifier(value: object, *, most: int = 100) -> str:
    """`value`, if it is text of 1 to `most` characters that every database stores: without NUL and surrogates.

    Raises `ValueError` for anything else.
    """
    if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
        raise ValueError(f"Not an identifier: {ascii(value)[:most]}")
    return value


class EventNotUnderstood(ValueError):
    """The request is authentic, but its body is not an event that this code can read."""


def keep(*, body: bytes, sender: str, why: EventNotUnderstood, instead_of: type[Payload]) -> bool:
    """File the body as a dead letter in the queue of `instead_of`, once. False: too many of the sender wait already."""
    id_ = uuid.uuid5(_EVENTS, f"{sender} {hashlib.sha256(body).hexdigest()}")
    if Message.objects.filter(pk=id_).exists():
        return True
    kept = "its raw bytes are kept" if len(body) <= _MAX_BYTES else f"the first {_MAX_BYTES} of its bytes are kept"
    text = f"{sender} sent a signed event that cannot be read ({ascii(str(why))[:300]}); {kept}."
    failure = synthetic_failure("EventNotUnderstood", text, task=sender)
    if Message.objects.dead().filter(fingerprint=failure.fingerprint).count_up_to(MAX_KEPT) >= MAX_KEPT:
        return False
    key = Priority.LOW.routing_key(instead_of.routing_key)
    file_stray(
        message_id=id_,
        failure=failure,
        queue=topology().queue_for(key),
        routing_key=key,
        raw_body=body[:_MAX_BYTES],
    )
    return True
