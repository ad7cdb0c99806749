"""Database: reachable, migrated, and with the same time as this machine."""

from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection
from django.utils import timezone

from messaging import clock
from shop.doctor.checks.clocks import differs
from shop.doctor.findings import Finding, and_more
from shop.health.deployment import MIGRATE, pending_migrations

_ADDRESS = "export DATABASE_URL=postgres://user:password@host:5432/name"


def reachable() -> Iterator[Finding]:
    try:
        connection.ensure_connection()
    except ImproperlyConfigured as error:  # such as a pooler in transaction mode
        yield Finding("database", str(error), _ADDRESS)
    except Error as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        yield Finding("database", f"The database is unreachable: {reason}.", _ADDRESS)


def migrated() -> Iterator[Finding]:
    if pending := pending_migrations():
        sentence = f"The migration {pending[0]}{and_more(pending)} is not applied to the database."
        yield Finding("migrations", sentence, MIGRATE)


def time() -> Iterator[Finding]:
    before = timezone.now()
    theirs = clock.now()
    yield from differs(theirs, before=before, after=timezone.now(), whose="database")
