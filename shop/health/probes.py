"""Probes of database, migrations, broker and beat with a timeout.

Each runs in a separate thread, since a hanging server would otherwise block the caller indefinitely.
"""

import math
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from threading import Lock

from django.db import connection, connections, transaction
from django.db.migrations.recorder import MigrationRecorder

from messaging import scheduler
from messaging.broker import inspect
from messaging.models import PeriodicTask
from messaging.relay import flow
from shop.health.deployment import pending_migrations

OK, DOWN, TIMED_OUT = "ok", "down", "timed out"
REFUSES = "refuses queues"
SILENT, NOT_STARTED, UNKNOWN = "silent", "not started", "unknown"
PENDING, MISSING = "pending", "missing"
TIMEOUT_SECONDS = 2.0
#: How long the answer about migrations is kept: they change with a release only.
KEPT_SECONDS = 5.0

_running: dict[Callable[[], str], "Future[str]"] = {}
_lock = Lock()
_kept: dict[Callable[[], str], tuple[float, str]] = {}


def database() -> str:
    return _run(_probe_database)


def broker(*, database: bool) -> str:
    """Whether it answers and, by what relays wrote to the `database`, accepts every queue."""
    state = _run(_probe_broker)
    return REFUSES if state == OK and database and _run(_probe_queues) == REFUSES else state


def beat() -> str:
    """Whether beat is running, by its heartbeat in the database."""
    state = _run(_probe_beat)
    return UNKNOWN if state == DOWN else state


def migrations() -> str:
    """Whether the database has every migration of this process's code. Kept for `KEPT_SECONDS`."""
    asked_at, state = _kept.get(_probe_migrations, (-math.inf, UNKNOWN))
    if time.monotonic() - asked_at >= KEPT_SECONDS:
        state = _run(_probe_migrations)
        _kept[_probe_migrations] = (time.monotonic(), state)
    return UNKNOWN if state == DOWN else state


@cache
def _pool() -> ThreadPoolExecutor:
    """Created on first use, so that no thread exists before a process forks."""
    return ThreadPoolExecutor(max_workers=4, thread_name_prefix="probe")


def _run(probe: Callable[[], str]) -> str:
    """A hanging probe is not started again, so at most one thread per probe is blocked."""
    with _lock:
        future = _running.get(probe)
        if future is None or future.done():
            future = _running[probe] = _pool().submit(probe)
    try:
        return future.result(timeout=TIMEOUT_SECONDS)
    except TimeoutError:
        return TIMED_OUT
    except Exception:  # any error means unavailable
        return DOWN


def _probe_database() -> str:
    """Takes a lock that only a writable database grants, and changes nothing.

    On PostgreSQL it is a row's, in a table that every database has that was set up. On SQLite it is the file's, which
    every transaction takes at its beginning.
    """
    rows = MigrationRecorder.Migration.objects.select_for_update(skip_locked=connection.vendor == "postgresql")
    try:
        with transaction.atomic():
            rows.order_by("pk").first()
        return OK
    finally:
        connections.close_all()


def _probe_broker() -> str:
    return OK if inspect.ask(lambda connection: True) else DOWN


def _probe_queues() -> str:
    try:
        return REFUSES if flow.refused() else OK
    finally:
        connections.close_all()


def _probe_beat() -> str:
    try:
        if scheduler.silent_since():
            return SILENT
        return OK if PeriodicTask.objects.filter(pk=PeriodicTask.HEARTBEAT).exists() else NOT_STARTED
    finally:
        connections.close_all()


def _probe_migrations() -> str:
    try:
        return PENDING if pending_migrations() else OK
    finally:
        connections.close_all()
