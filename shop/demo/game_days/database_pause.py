"""Pauses the database: a lock against writing, held by a connection of its own until a known time.

It is safe on both databases, as the lock ends with its connection: after the time, or with the process that holds it.
"""

import threading
import time
from queue import SimpleQueue

from django.db import connection, transaction

from messaging.models import Message

MOST_SECONDS = 30


def begin(*, seconds: float) -> bool:
    """Hold the lock in a thread, until `seconds` from now, at most `MOST_SECONDS`. Returns whether it could be taken.

    The time that it takes to get it is part of `seconds`, so that it is never held longer than its fault lasts.
    """
    until, is_held = time.monotonic() + min(seconds, MOST_SECONDS), SimpleQueue[bool]()
    threading.Thread(target=_hold, args=(until, is_held), daemon=True).start()
    return is_held.get()


def _hold(until: float, is_held: "SimpleQueue[bool]") -> None:
    """On SQLite, a transaction is IMMEDIATE: it takes the only write lock. On PostgreSQL, it locks one table."""
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                _lock_table(seconds=until - time.monotonic())
            is_held.put(time.monotonic() < until)
            time.sleep(max(0.0, until - time.monotonic()))
    finally:
        is_held.put(False)
        connection.close()


def _lock_table(*, seconds: float) -> None:
    """While it waits for the lock, everyone else waits behind it, so the wait has the same end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(max(1, int(seconds * 1000)))])
        cursor.execute(f"LOCK TABLE {Message._meta.db_table} IN EXCLUSIVE MODE")
