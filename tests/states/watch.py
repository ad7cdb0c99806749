"""Watches the database: each change of a state, whether or not it is committed, is compared with its transition table.

Triggers report the changes to this process. They refuse none: code that handles whatever goes wrong would handle it.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created

from tests.states.tables import NEW, TABLES, Change

_ALLOWED = {name: frozenset(table.changes()) for name, table in TABLES.items()}
_ON_SQLITE = """
CREATE TEMP TRIGGER {table}_{event}_state AFTER {event} {columns} ON {table} {when}
BEGIN SELECT state_changed('{table}', {before}, NEW.{field}); END
"""
_ON_POSTGRESQL = """
CREATE TRIGGER {table}_{event}_state AFTER {event} {columns} ON {table}
FOR EACH ROW {when} EXECUTE FUNCTION state_changed('{field}')
"""
_FUNCTION = f"""
CREATE FUNCTION state_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE NOTICE 'state_changed % % %',
        TG_TABLE_NAME, COALESCE(to_jsonb(OLD) ->> TG_ARGV[0], '{NEW}'), to_jsonb(NEW) ->> TG_ARGV[0];
    RETURN NULL;
END $$
"""


class Changes:
    """What was `seen` in each table, and how often. `forbidden` are those changes that its table does not have."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[str, Change]] = Counter()
        self.forbidden: list[str] = []

    def note(self, table: str, before: str, after: str) -> None:
        self.seen[table, (before, after)] += 1
        if (before, after) not in _ALLOWED[table]:
            self.forbidden.append(f"{table} from {before} to {after}")


@contextmanager
def watched() -> Iterator[Changes]:
    """Watch the changes that this thread's connection makes, and on PostgreSQL those of connections made meanwhile."""
    changes = Changes()
    connection.ensure_connection()
    with _on_postgresql(changes) if connection.vendor == "postgresql" else _on_sqlite(changes):
        yield changes


@contextmanager
def _on_sqlite(changes: Changes) -> Iterator[None]:
    raw = connection.connection
    raw.create_function("state_changed", 3, changes.note)
    for trigger in _triggers(_ON_SQLITE):
        raw.execute(trigger)
    try:
        yield
    finally:
        for table in TABLES:
            raw.execute(f"DROP TRIGGER {table}_insert_state")
            raw.execute(f"DROP TRIGGER {table}_update_state")


@contextmanager
def _on_postgresql(changes: Changes) -> Iterator[None]:
    def note(notice: Any) -> None:
        word, *change = str(notice.message_primary).split(" ")
        if word == "state_changed":
            changes.note(*change)

    def listen(connection: Any, **kwargs: Any) -> None:
        connection.connection.add_notice_handler(note)

    raw = connection.connection
    raw.add_notice_handler(note)
    connection_created.connect(listen)
    with connection.cursor() as cursor:
        cursor.execute(_FUNCTION)
        for trigger in _triggers(_ON_POSTGRESQL):
            cursor.execute(trigger)
    try:
        yield
    finally:
        connection_created.disconnect(listen)
        raw.remove_notice_handler(note)
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION state_changed CASCADE")


def _triggers(sql: str) -> Iterator[str]:
    for name, table in TABLES.items():
        field = table.field
        yield sql.format(table=name, field=field, event="insert", columns="", when="", before=f"'{NEW}'")
        when = f"WHEN (OLD.{field} <> NEW.{field})"
        yield sql.format(
            table=name, field=field, event="update", columns=f"OF {field}", when=when, before=f"OLD.{field}"
        )
