"""Periodic tasks through the ledger: Celery's beat enqueues a row instead of publishing a message.

A tick thus survives a broker that is down, and its failures are dead letters like any other. Ticks never pile up: while
one is pending or in flight, the next is skipped. The last run of each entry is a row, updated conditionally in the
transaction that enqueues the tick, so any number of beats may run, and none keeps a file.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from celery.beat import Scheduler
from django.db import close_old_connections
from django.db.models.functions import Now

from messaging import outbox
from messaging.conf import settings
from messaging.models import Message, PeriodicTask
from messaging.payloads import Payload, payload_for
from messaging.signals import beat_ticked
from messaging.topology import Priority, topology

log = logging.getLogger(__name__)
LOOK_SECONDS = 5.0
#: A last run this far in the future means that the database's clock was set back.
_CLOCK_STEP = timedelta(minutes=1)
CONDITIONS: dict[str, Callable[[], bool]] = {}


def only_if(payload: type[Payload], condition: Callable[[], bool]) -> None:
    """Skip ticks of this task unless `condition()` holds, so that a short period does not fill the ledger."""
    CONDITIONS[payload.task] = condition


def tick(task: str, *, claim: Callable[[], bool] = lambda: True, delay: float = 0.0) -> Message | None:
    """Enqueue the periodic task `task`, unless its condition fails or its last message is still pending or in flight.

    `delay` is in seconds. `claim` runs in the same transaction; if it returns False, nothing is enqueued.
    """
    if (payload := payload_for(task)) is None:
        raise LookupError(f"beat_schedule names {task!r}, but no payload is declared for it")
    if not CONDITIONS.get(task, lambda: True)():
        return None
    queue = topology().queue_for(payload.routing_key)
    with outbox.transaction():
        if not claim() or Message.objects.live().filter(queue=queue, task=task).exists():
            return None
        return outbox.enqueue(payload(), priority=Priority.LOW, delay=delay)


def silent_since() -> datetime | None:
    """Beat's last heartbeat, if it is older than `CONVEYOR_ALERT_BEAT_SECONDS`. None: beat runs, or never started."""
    limit = Now() - timedelta(seconds=settings.CONVEYOR_ALERT_BEAT_SECONDS)
    silent = PeriodicTask.objects.filter(pk=PeriodicTask.HEARTBEAT, last_at__lt=limit)
    return silent.values_list("last_at", flat=True).first()


class LedgerScheduler(Scheduler):
    """`beat_scheduler = "messaging.scheduler:LedgerScheduler"`. It needs the database, but no broker and no file."""

    max_interval = LOOK_SECONDS
    producer = None
    _failing: frozenset[str] = frozenset()

    def setup_schedule(self) -> None:
        for name, options in self.app.conf.beat_schedule.items():
            try:
                self.add(name=name, **options)
            except Exception:
                log.exception("beat: the schedule entry %r is malformed and ignored", name)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Enqueue what is due by the database's clock. Returns the seconds until the next look. Never raises."""
        if (now := self._attempt("heartbeat", _beat)) is None:
            return LOOK_SECONDS
        waits = [self._attempt(entry.name, _run, entry, now) for entry in self.schedule.values()]
        beat_ticked.send_robust(sender=type(self))
        return max(0.1, min([LOOK_SECONDS, *(seconds for seconds in waits if seconds is not None)]))

    def _attempt(self, name: str, act: Callable[..., Any], *args: Any) -> Any:
        """What `act` returns; None if it failed, which is logged once until it works again."""
        try:
            result = act(*args)
        except Exception:
            log.log(logging.DEBUG if name in self._failing else logging.ERROR, "beat: %s failed", name, exc_info=True)
            self._failing |= {name}
            return None
        if name in self._failing:
            log.info("beat: %s works again", name)
            self._failing -= {name}
        return result


def _beat() -> datetime:
    """Write the heartbeat. Returns the database's time."""
    close_old_connections()
    beat = PeriodicTask(name=PeriodicTask.HEARTBEAT, last_at=Now())
    PeriodicTask.objects.bulk_create([beat], update_conflicts=True, unique_fields=["name"], update_fields=["last_at"])
    return PeriodicTask.objects.get(pk=PeriodicTask.HEARTBEAT).last_at


def _run(entry: Any, now: datetime) -> float:
    """Enqueue the entry's tick if it is due. Returns the seconds until it is due again. A new entry has just run."""
    row = PeriodicTask.objects.filter(pk=entry.name)
    if (last_at := row.values_list("last_at", flat=True).first()) is None:
        PeriodicTask.objects.bulk_create([PeriodicTask(name=entry.name, last_at=Now())], ignore_conflicts=True)
        return LOOK_SECONDS
    entry.schedule.nowfun = lambda: now
    is_due, seconds = entry.schedule.is_due(last_at)
    if is_due or last_at > now + _CLOCK_STEP:
        after = last_at + timedelta(milliseconds=1)  # SQLite compares text, and its "12:00:00.000" is after "12:00:00"
        message = tick(entry.task, claim=lambda: bool(row.filter(last_at__lt=after).update(last_at=Now())))
        if message or entry.task not in CONDITIONS:
            log.info("beat: %s %s", entry.task, "enqueued" if message else "skipped")
    return float(seconds)
