"""Processes: a relay that publishes, a beat that ticks, and a worker on each queue."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import TypeVar

from amqp.exceptions import NotFound  # type: ignore[import-untyped]
from celery import current_app
from django.apps import apps
from django.db import connection
from kombu import Connection

from messaging import clock, pauses, scheduler
from messaging.broker import inspect
from messaging.broker.settings import is_amqp
from messaging.conf import settings
from messaging.models import PeriodicTask
from messaging.relay.chores import LEADER_LOCK
from messaging.topology import topology
from shop.demo import supervisor
from shop.doctor.checks.broker import connected
from shop.doctor.findings import Finding

Seen = TypeVar("Seen")
#: A lock changes hands, and a worker answers, within a second. Looked for several times before it counts as absent.
LOOKS, PAUSE_SECONDS = 3, 1.0
#: One of the relays holds this lock as long as its session lasts.
_IS_LED = """
SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = %s
AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


def relay() -> Iterator[Finding]:
    """On PostgreSQL a running relay is seen at once; on SQLite, by messages that are overdue."""
    fix = supervisor.command_for("relay", otherwise="python manage.py relay")
    if connection.vendor == "postgresql" and not any(_looks(_is_led)):
        yield Finding("relay", "No relay is running: no message reaches the workers.", fix)
    elif apps.is_installed("messaging.operations"):
        from messaging.operations.alerts import nothing_is_sent

        silence = timedelta(seconds=settings.CONVEYOR_ALERT_RELAY_SECONDS)
        if nothing_is_sent(silence):
            sentence = f"No relay is sending: messages have been due for more than {silence}."
            yield Finding("relay", sentence, fix)


def beat() -> Iterator[Finding]:
    fix = supervisor.command_for("beat", otherwise="celery -A config beat --pidfile=")
    if last := scheduler.silent_since():
        sentence = f"Beat has been silent since {clock.text(last)}: no periodic task is enqueued."
        yield Finding("beat", sentence, fix)
    elif not PeriodicTask.objects.filter(pk=PeriodicTask.HEARTBEAT).exists():
        yield Finding("beat", "Beat has never run: no periodic task is enqueued.", fix)


def secret_keys() -> Iterator[Finding]:
    if apps.is_installed("messaging.operations"):
        from messaging.operations import unsigned

        for _key, sentence in unsigned.conditions():
            yield Finding("keys", sentence, "export SECRET_KEY=… # the same for every process")


def workers() -> Iterator[Finding]:
    """A paused queue has no consumers, and needs none."""
    wanted = set(topology().queues) - pauses.paused()
    with connected() as link:
        for consumed in _looks(partial(_consumed, link, frozenset(wanted))):
            wanted -= consumed
            if not wanted:
                return
    queues = ",".join(name for name in topology().queues if name in wanted)
    sentence = f"No worker consumes {queues.replace(',', ', ')}: its messages wait."
    yield Finding("workers", sentence, f"celery -A config worker -Q {queues}")


def _looks(look: Callable[[], Seen]) -> Iterator[Seen]:
    """What `look` sees, several times; the first at once."""
    yield look()
    for _ in range(LOOKS - 1):
        time.sleep(PAUSE_SECONDS)
        yield look()


def _is_led() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_IS_LED, [LEADER_LOCK])
        return bool(cursor.fetchone()[0])


def _consumed(link: Connection, wanted: frozenset[str]) -> set[str]:
    """Queues that have a consumer. `wanted` ones are looked for with patience."""
    if not is_amqp(link.as_uri()):
        return {name for name, count in inspect.consumers(current_app, link, wanted=wanted).items() if count}
    return {name for name in topology().queues if _consumers(link, name)}


def _consumers(link: Connection, queue: str) -> int:
    """None of a queue that is not declared."""
    try:
        with link.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).consumer_count)
    except NotFound:
        return 0
