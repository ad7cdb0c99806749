"""Periodic tasks through the ledger: Celery's beat enqueues a row instead of publishing a message.

A tick thus survives a broker that is down, and its failures are dead letters like any other. Ticks never pile up: while
one is pending or in flight, the next is skipped.
"""

import logging
from collections.abc import Callable
from typing import Any

from celery.beat import PersistentScheduler
from django.db import close_old_connections

from messaging import outbox
from messaging.models import Message
from messaging.payloads import Payload, payload_for
from messaging.signals import beat_ticked
from messaging.topology import Priority

log = logging.getLogger(__name__)
_CONDITIONS: dict[str, Callable[[], bool]] = {}


def only_if(payload: type[Payload], condition: Callable[[], bool]) -> None:
    """Skip ticks of this task unless `condition()` holds, so that a short period does not fill the ledger."""
    _CONDITIONS[payload.task] = condition


def tick(task: str) -> Message | None:
    """Enqueue the periodic task `task` unless its condition fails or its last message is still pending or in flight."""
    payload = payload_for(task)
    if payload is None:
        raise LookupError(f"beat_schedule names {task!r}, but no payload is declared for it")
    if not _CONDITIONS.get(task, lambda: True)():
        return None
    with outbox.transaction():
        if Message.objects.live().filter(task=task).exists():
            return None
        return outbox.enqueue(payload(), priority=Priority.LOW)


class LedgerScheduler(PersistentScheduler):
    """`beat_scheduler = "messaging.scheduler:LedgerScheduler"`."""

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        close_old_connections()
        try:
            message = tick(entry.task)
            beat_ticked.send(sender=type(self))
        except Exception:
            log.exception("beat could not enqueue %s; retrying at the next tick", entry.task)
            return
        if message or entry.task not in _CONDITIONS:
            log.info("beat: %s %s", entry.task, "enqueued" if message else "still in flight, skipped")
