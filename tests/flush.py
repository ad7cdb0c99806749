"""Empties the database after a test that committed, by DELETE.

Django's TRUNCATE rewrites the files of every table, which took a second a test on PostgreSQL; deleting the few rows of
a test takes milliseconds. Foreign keys are deferred there, so the order of the tables does not matter. Tables that
refuse DELETE let it pass for that moment.
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
    return [f"DELETE FROM {connection.ops.quote_name(table)};" for table in tables]  # noqa: S608 - our own tables


def _on_all(statements: Any) -> list[str]:
    return [statement for table in TABLES for statement in statements(connection, table)]
