"""How does an idle relay learn that a message is due, without a NOTIFY on every insert?

On PostgreSQL a NOTIFY takes a lock that all committing transactions share; sent on every insert it halved the commits
per second at eight connections. So it is sent only while a relay sleeps: a sleeping relay holds an advisory lock, which
those who enqueue try to share. The relay gets its lock only when no transaction shares it, and looks once more before
it sleeps; so each row is either seen in that look, or its writer finds the lock taken and notifies. On SQLite a relay
just looks often, which costs a read that blocks nobody.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

CHANNEL = "conveyor_due"
LOCK = 0x434F4E56  # "CONV"

_CALL = "SELECT pg_notify(%s, '') WHERE NOT pg_try_advisory_xact_lock_shared(%s)"


def call() -> None:
    """Wake a sleeping relay when the present transaction commits."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_CALL, [CHANNEL, LOCK])


class Sleeper:
    """The relay's side. Uses the relay's own connection, which must be in autocommit mode."""

    def __init__(self) -> None:
        self._listening: Any = None

    @contextmanager
    def lying_down(self) -> Iterator[bool]:
        """Hold the lock, if it is free; yields whether it was. Look for due rows once more inside, then `sleep`."""
        if connection.vendor != "postgresql":
            yield False
            return
        self._listen()
        held = self._ask("SELECT pg_try_advisory_lock(%s)")
        try:
            yield held
        finally:
            if held:
                self._ask("SELECT pg_advisory_unlock(%s)")

    def sleep(self, seconds: float) -> None:
        """Until somebody calls, at most `seconds`. Only while the lock is held."""
        raw = connection.connection
        with connection.wrap_database_errors:
            for _ in raw.notifies(timeout=seconds, stop_after=1):
                pass
            for _ in raw.notifies(timeout=0):  # Those who called meanwhile need not wake the next sleep.
                pass

    def _listen(self) -> None:
        """Before the lock is taken: a call between the two would be lost."""
        connection.ensure_connection()
        if self._listening is not connection.connection:
            with connection.wrap_database_errors:
                connection.connection.execute(f"LISTEN {CHANNEL}")
            self._listening = connection.connection

    def _ask(self, sql: str) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(sql, [LOCK])
            return bool(cursor.fetchone()[0])
