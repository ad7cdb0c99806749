"""The database's clock, which decides what is due: the clocks of web hosts, relays and workers may differ."""

from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone


def now() -> datetime:
    """The database's time. SQLite is on this host and has this host's clock."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT STATEMENT_TIMESTAMP()")
        return cursor.fetchone()[0]


def moment() -> Now | datetime:
    """The database's time as a value to write: an expression that needs no statement of its own."""
    return Now() if connection.vendor == "postgresql" else timezone.now()


def in_sql() -> tuple[str, list[Any]]:
    """The database's time for a statement that the ORM does not write: an expression and its parameters."""
    if connection.vendor == "postgresql":
        return "STATEMENT_TIMESTAMP()", []
    return "%s", [connection.ops.adapt_datetimefield_value(now())]


def text(at: datetime | None) -> str:
    """The one format of times that operators see: "2026-11-26 14:05 UTC"; a dash for no time."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else "–"


def exact(at: datetime | None) -> str:
    """As `text`, to the second, where the order of events matters."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "–"
