"""Django's `migrate`, behind which nobody waits: a lock that PostgreSQL does not grant soon is asked for again later.

What waits for a table's lock has every later statement about that table wait behind it. While a backup or a session
that was left open reads the table, one `ALTER TABLE` would stop the shop for as long.
"""

import time
from typing import Any, Final

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

#: Seconds. Requests wait longer for a lock, so that none fails.
LOCK_SECONDS: Final = 2
TRY_EVERY = 5.0
GIVE_UP_AFTER = 600.0
_LOCK_NOT_AVAILABLE: Final = "55P03"
_MIGRATING: Final = 0x4D494752  # "MIGR"
_LOCK: Final = f"SELECT pg_try_advisory_lock({_MIGRATING})"
_UNLOCK: Final = f"SELECT pg_advisory_unlock({_MIGRATING})"
#: Sessions with a lock of a table, the longest transaction first. Of other users' it is not known how long they are.
_HOLDERS: Final = """
    SELECT pid, coalesce(application_name, ''), extract(epoch FROM clock_timestamp() - xact_start)::int
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'relation' AND granted)
    ORDER BY xact_start NULLS FIRST LIMIT 1
"""


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """A migration that met the lock was rolled back, or works in parts that can be repeated."""
        connection = connections[options["database"]]
        deadline, waits = time.monotonic() + GIVE_UP_AFTER, False
        while why := self._obstacle(connection, *args, **options):
            if time.monotonic() >= deadline:
                raise CommandError(f"{why} End that session, or wait for it, and run the command again.")
            if not waits:
                self.stderr.write(f"{why} Trying again for up to {GIVE_UP_AFTER / 60:g} minutes.")
                waits = True
            time.sleep(TRY_EVERY)

    def _obstacle(self, connection: BaseDatabaseWrapper, *args: Any, **options: Any) -> str:
        """What keeps the command from its end; empty once it has succeeded."""
        only_reads = options["check_unapplied"] or options["plan"]
        if not only_reads and not _ask(connection, _LOCK):
            return "Another session migrates this database."
        try:
            _set_lock_timeout(connection, f"{LOCK_SECONDS}s")
            super().handle(*args, **options)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") != _LOCK_NOT_AVAILABLE:
                raise
            return f"A migration needs a table that another session uses{_holder(connection)}."
        finally:
            _set_lock_timeout(connection, "DEFAULT")
            if not only_reads:
                _ask(connection, _UNLOCK)
        return ""


def _ask(connection: BaseDatabaseWrapper, statement: str) -> bool:
    """About the lock of whoever migrates: two at once would both do the parts of a migration that is not atomic."""
    if connection.vendor != "postgresql" or connection.needs_rollback:
        return True
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return bool(cursor.fetchone()[0])


def _set_lock_timeout(connection: BaseDatabaseWrapper, value: str) -> None:
    if connection.vendor == "postgresql" and not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {value if value == 'DEFAULT' else repr(value)}")


def _holder(connection: BaseDatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS)
        found = cursor.fetchone()
    if found is None:
        return ""
    pid, name, seconds = found
    since = f", for {seconds} s" if seconds is not None else ""
    return f" (process {pid}{f' of {name}' if name else ''}{since})"
