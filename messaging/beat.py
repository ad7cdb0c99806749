"""How does periodic work get the ledger's safety? Beat writes a row instead of publishing a message.

So a tick survives a broker that is down, its failures stand with all others, and ticks never pile up: while one is
still waiting, the next is left out.
"""

import logging
from collections.abc import Callable
from typing import Any

from celery.beat import PersistentScheduler
from django.db import close_old_connections

from messaging import ledger
from messaging.desk import alerts
from messaging.models import Message
from messaging.payloads import Payload, payload_for
from messaging.topology import Priority

log = logging.getLogger(__name__)
_CONDITIONS: dict[str, Callable[[], bool]] = {}


def only_if(payload: type[Payload], condition: Callable[[], bool]) -> None:
    """Ticks of this task are left out unless the condition holds, so that a short period fills no ledger."""
    _CONDITIONS[payload.task] = condition


def tick(task: str) -> Message | None:
    """Enqueue the periodic task `task`, unless it is not needed or its last message is still waiting or under way."""
    payload = payload_for(task)
    if payload is None:
        raise LookupError(f"beat_schedule names {task!r}, but no payload is declared for it")
    if not _CONDITIONS.get(task, lambda: True)():
        return None
    with ledger.transaction():
        if Message.objects.live().filter(task=task).exists():
            return None
        return ledger.enqueue(payload(), priority=Priority.LOW)


class LedgerScheduler(PersistentScheduler):
    """`beat_scheduler = "messaging.beat:LedgerScheduler"`."""

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        close_old_connections()
        try:
            message = tick(entry.task)
            alerts.watch_relay()
        except Exception:
            log.exception("beat could not enqueue %s; it tries again when it is next due", entry.task)
            return
        if message or entry.task not in _CONDITIONS:
            log.info("beat: %s %s", entry.task, "enqueued" if message else "still under way, left out")
