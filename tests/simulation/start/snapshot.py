"""The database that every run begins with: an empty shop with one product.

Deleting the rows of the run before leaves the schema as it is, and so what SQLite has prepared stays valid: preparing
the statements of a small run anew takes as long as executing them.
"""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection

from tests.factories import ProductFactory
from tests.flush import APPEND_ONLY, flush, tables_with_rows
from tests.states.watch import Changes, watched

SKU, STOCK = "SKU", 7
#: Whether append-only tables refuse changes; not while they are emptied.
_guard = [True]
_watching = ExitStack()
_clock: list[Callable[[], datetime]] = []


def restore() -> None:
    """Delete what the run before has written, and write the product again; triggers write some of its rows first."""
    raw, rows = connection.connection, _first_rows()
    raw.execute("BEGIN")
    _guard[0] = False
    for (table,) in raw.execute(tables_with_rows()).fetchall():
        raw.execute(f"DELETE FROM {table}")  # noqa: S608 - table names come from Django
    raw.execute("DELETE FROM sqlite_sequence")
    for statement, found in rows.items():
        raw.executemany(statement, found)
    _guard[0] = True
    raw.execute("COMMIT")


def set_clock(now: Callable[[], datetime]) -> None:
    """Let `Now()` be this time from now on."""
    _define_clock()
    _clock[:] = [now]


def changes() -> Changes:
    """The changes of states from now on. They are watched as long as the process lives."""
    watch = _watch()
    watch.seen.clear()
    watch.forbidden.clear()
    return watch


@cache
def _define_clock() -> None:
    """Once: SQLite prepares all statements anew when a function is defined again."""
    connection.connection.create_function("strftime", 2, _strftime)


def _strftime(pattern: str, moment: str) -> str:
    """SQLite's function as Django calls it for `Now()`."""
    assert (pattern, moment) == ("%Y-%m-%d %H:%M:%f", "NOW"), (pattern, moment)
    return _clock[0]().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


@cache
def _watch() -> Changes:
    return _watching.enter_context(watched())


@cache
def _first_rows() -> dict[str, list[tuple[Any, ...]]]:
    """The product's rows by the statement that writes them. Their moments are the first run's start, as any other's."""
    connection.ensure_connection()
    flush()
    _guard_triggers()
    ProductFactory.create(sku=SKU, stock=STOCK)
    raw = connection.connection
    tables = [table for (table,) in raw.execute(tables_with_rows()).fetchall()]
    return dict(_written(table) for table in tables)


def _written(table: str) -> tuple[str, list[tuple[Any, ...]]]:
    raw = connection.connection
    columns = ", ".join(column[1] for column in raw.execute(f"PRAGMA table_info({table})"))  # without generated ones
    rows = raw.execute(f"SELECT {columns} FROM {table}").fetchall()  # noqa: S608 - names come from Django
    marks = ", ".join("?" * len(rows[0]))
    return f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", rows  # noqa: S608 - names come from Django


def _guard_triggers() -> None:
    """Let the triggers of append-only tables ask `_guard`: to drop and make them anew would change the schema."""
    raw = connection.connection
    raw.create_function("is_guarded", 0, lambda: _guard[0])
    triggers = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
    for name, sql in [found for table in APPEND_ONLY for found in raw.execute(triggers, [table]).fetchall()]:
        raw.execute(f"DROP TRIGGER {name}")
        raw.execute(sql.replace(" BEGIN ", " WHEN is_guarded() BEGIN ", 1))
