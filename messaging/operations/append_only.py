"""Append-only tables: database triggers that refuse to change or delete rows.

SQLite drops triggers when Django rebuilds a table, as it does for most changes of a column: a migration that changes
such a table must end with `ForbidChanges` again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import migrations
from django.db.backends.base.base import BaseDatabaseWrapper

_FUNCTION = """
CREATE OR REPLACE FUNCTION messaging_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""
_TRIGGER = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION messaging_append_only()
"""


def forbid(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """SQL that makes `table` append-only."""
    if connection.vendor == "postgresql":
        return [_FUNCTION, _TRIGGER.format(table=table)]
    return [
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for verb in ("update", "delete")
    ]


def allow(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """SQL that undoes `forbid`."""
    if connection.vendor == "postgresql":
        return [f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}"]
    return [f"DROP TRIGGER IF EXISTS {table}_no_{verb}" for verb in ("update", "delete")]


@contextmanager
def lifted(connection: BaseDatabaseWrapper, table: str) -> Iterator[None]:
    """Allow changes to `table` inside a transaction, for redaction only.

    The end of the transaction restores the triggers even if the change fails.
    """
    with connection.cursor() as cursor:
        for statement in allow(connection, table):
            cursor.execute(statement)
        yield
        for statement in forbid(connection, table):
            cursor.execute(statement)


class ForbidChanges(migrations.RunPython):
    """Migration operation that makes `tables` append-only; backwards it removes the triggers."""

    def __init__(self, *tables: str) -> None:
        self._tables = tables
        super().__init__(lambda _, editor: self._run(editor, allow, forbid), lambda _, editor: self._run(editor, allow))

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, list(self._tables), {}

    def _run(self, editor: Any, *steps: Callable[[BaseDatabaseWrapper, str], list[str]]) -> None:
        for table in self._tables:
            for statement in (statement for step in steps for statement in step(editor.connection, table)):
                editor.execute(statement, params=None)
