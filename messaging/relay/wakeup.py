"""Wakes an idle relay when a message is enqueued, without a NOTIFY per insert.

On PostgreSQL, NOTIFY takes a lock shared by all committing transactions; one per insert halved the commits per second
at eight connections. So it is sent only while a relay sleeps: the sleeping relay holds an advisory lock, which writers
try to share. The relay gets the lock only while no transaction shares it, and checks for due rows once more before it
sleeps. A row is thus either seen by that check, or its writer finds the lock taken and notifies. On SQLite a relay
polls, which blocks no writer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

CHANNEL = "conveyor_due"
LOCK = 0x434F4E56  # "CONV"

#: Wakes a sleeping relay when the current transaction commits.
NOTIFY = "SELECT pg_notify(%s, '') WHERE NOT pg_try_advisory_xact_lock_shared(%s)"
PARAMETERS = (CHANNEL, LOCK)


def call() -> None:
    """Wake a sleeping relay when the current transaction commits."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(NOTIFY, PARAMETERS)


class Listener:
    """The relay's side. Uses the relay's connection, which must be in autocommit mode."""

    def __init__(self) -> None:
        self._listening: Any = None

    @contextmanager
    def sleep_lock(self) -> Iterator[bool]:
        """Try to take the lock; yields whether that worked. Inside, check for due rows once more, then `wait`."""
        if connection.vendor != "postgresql":
            yield False
            return
        self._listen()
        acquired = self._query("SELECT pg_try_advisory_lock(%s)")
        try:
            yield acquired
        finally:
            if acquired:
                self._query("SELECT pg_advisory_unlock(%s)")

    def wait(self, seconds: float) -> None:
        """Sleep until notified, at most `seconds`. Requires the lock."""
        raw = connection.connection
        with connection.wrap_database_errors:
            for _ in raw.notifies(timeout=seconds, stop_after=1):
                pass
            for _ in raw.notifies(timeout=0):  # notifications of this sleep must not end the next one
                pass

    def _listen(self) -> None:
        """Must precede the lock: a notification between the two would be lost."""
        connection.ensure_connection()
        if self._listening is not connection.connection:
            with connection.wrap_database_errors:
                connection.connection.execute(f"LISTEN {CHANNEL}")
            self._listening = connection.connection

    def _query(self, sql: str) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(sql, [LOCK])
            return bool(cursor.fetchone()[0])
