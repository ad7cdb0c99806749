"""Database and broker probes with a timeout.

Each runs in a separate thread, since a hanging server would otherwise block the caller indefinitely.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from threading import Lock

from django.db import connection, connections, transaction
from django.db.migrations.recorder import MigrationRecorder

from messaging.broker.inspect import broker_answers

OK, DOWN, TIMED_OUT = "ok", "down", "timed out"
TIMEOUT_SECONDS = 2.0

_running: dict[Callable[[], None], "Future[None]"] = {}
_lock = Lock()


def database() -> str:
    return _run(_probe_database)


def broker() -> str:
    return _run(_probe_broker)


@cache
def _pool() -> ThreadPoolExecutor:
    """Created on first use, so that no thread exists before a process forks."""
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="probe")


def _run(probe: Callable[[], None]) -> str:
    """A hanging probe is not started again, so at most one thread per probe is blocked."""
    with _lock:
        future = _running.get(probe)
        if future is None or future.done():
            future = _running[probe] = _pool().submit(probe)
    try:
        future.result(timeout=TIMEOUT_SECONDS)
    except TimeoutError:
        return TIMED_OUT
    except Exception:  # any error means unavailable
        return DOWN
    return OK


def _probe_database() -> None:
    """Takes a lock that only a writable database grants, and changes nothing.

    On PostgreSQL it is a row's, in a table that every database has that was set up. On SQLite it is the file's, which
    every transaction takes at its beginning.
    """
    rows = MigrationRecorder.Migration.objects.select_for_update(skip_locked=connection.vendor == "postgresql")
    try:
        with transaction.atomic():
            rows.order_by("pk").first()
    finally:
        connections.close_all()


def _probe_broker() -> None:
    if not broker_answers():
        raise ConnectionError
