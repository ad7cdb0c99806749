"""Strays: messages that did not come from the ledger, filed as dead with everything they carried."""

import uuid
from typing import Any

from django.db import transaction

from messaging import clock
from messaging.models import Message, State
from messaging.signals import announce, message_died
from messaging.transitions.failure import Failure, insert_attempt


def file_stray(
    *,
    message_id: uuid.UUID,
    failure: Failure,
    queue: str,
    task: str = "",
    payload: Any = None,
    routing_key: str = "",
    priority: int = 0,
    raw_body: bytes | None = None,
    raw_headers: dict[str, Any] | None = None,
) -> Message:
    """File a stray as a dead message, once."""
    now = clock.now()
    with transaction.atomic():
        message, created = Message.objects.get_or_create(
            pk=message_id,
            defaults={
                "task": task[:200],
                "queue": queue[:100],
                "routing_key": routing_key[:200],
                "priority": min(max(priority, 0), 9),
                "payload": payload if payload is not None else {},
                "state": State.DEAD,
                "attempts": 1,
                "finished_at": now,
                "correlation_id": message_id,
                "error_type": failure.error_type,
                "error_message": failure.error_message,
                "fingerprint": failure.fingerprint,
                "raw_body": raw_body,
                "raw_headers": raw_headers,
            },
        )
        if created:
            insert_attempt(message, failure, ended_at=now)
            announce(message_died, message=message, at=now)
    return message
