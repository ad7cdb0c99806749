"""How does the database itself refuse to change or delete what was recorded? By a trigger on each such table.

SQLite forgets triggers when Django rebuilds a table, as it does for most changes of a column: a migration that changes
a table named here must end with this operation again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import migrations
from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = ("messaging_auditentry", "messaging_payloadedit")

_FUNCTION = """
CREATE OR REPLACE FUNCTION messaging_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""
_TRIGGER = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION messaging_append_only()
"""


def forbid(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """The statements after which rows of `table` can only be added."""
    if connection.vendor == "postgresql":
        return [_FUNCTION, _TRIGGER.format(table=table)]
    return [
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for verb in ("update", "delete")
    ]


def allow(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """The statements that take back what `forbid` did."""
    if connection.vendor == "postgresql":
        return [f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}"]
    return [f"DROP TRIGGER IF EXISTS {table}_no_{verb}" for verb in ("update", "delete")]


@contextmanager
def lifted(connection: BaseDatabaseWrapper, table: str) -> Iterator[None]:
    """Lets rows of `table` be changed, for the one reason that outweighs the record: what a person has a right to have
    forgotten. Inside a transaction, whose end gives the table its triggers back even if the change fails."""
    with connection.cursor() as cursor:
        for statement in allow(connection, table):
            cursor.execute(statement)
        yield
        for statement in forbid(connection, table):
            cursor.execute(statement)


class ForbidChanges(migrations.RunPython):
    """The operation of a migration that puts the triggers on `TABLES`; backwards it takes them off."""

    def __init__(self) -> None:
        super().__init__(_forbid_all, _allow_all)


def _forbid_all(apps: Any, editor: Any) -> None:
    for table in TABLES:
        for statement in (*allow(editor.connection, table), *forbid(editor.connection, table)):
            editor.execute(statement, params=None)


def _allow_all(apps: Any, editor: Any) -> None:
    for table in TABLES:
        for statement in allow(editor.connection, table):
            editor.execute(statement, params=None)
