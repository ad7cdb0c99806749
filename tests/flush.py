"""Database flush by DELETE after tests that commit.

Django's TRUNCATE rewrites the files of every table, which takes a second per test on PostgreSQL; deleting a test's few
rows takes milliseconds. Foreign keys are deferred, so the order of tables does not matter. Append-only tables allow
DELETE during the flush.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.db import connection

from messaging.models import append_only

DESK_TABLES = ("operations_auditentry", "operations_payloadedit")
TABLES = (*(DESK_TABLES if apps.is_installed("messaging.operations") else ()), "shop_stockmovement")


def delete_instead_of_truncate() -> None:
    if connection.vendor == "postgresql":
        plain: Any = _deletes
    else:
        plain = connection.ops.sql_flush

    def sql_flush(style: Any, tables: Sequence[str], **kwargs: Any) -> list[str]:
        return [*_on_all(append_only.allow), *plain(style, tables, **kwargs), *_on_all(append_only.forbid)]

    connection.ops.sql_flush = sql_flush  # type: ignore[method-assign]


def _deletes(style: Any, tables: Sequence[str], **kwargs: Any) -> list[str]:
    return [f"DELETE FROM {connection.ops.quote_name(table)};" for table in tables]  # noqa: S608 - table names come from Django


def _on_all(statements: Any) -> list[str]:
    return [statement for table in TABLES for statement in statements(connection, table)]
