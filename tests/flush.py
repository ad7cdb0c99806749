"""Empties the database after tests that commit.

Django's own flush truncates every table, which takes a second on PostgreSQL, and then creates all content types and
permissions anew, which takes most of the time on both databases. This one deletes the rows of the tables that have any,
and leaves what `migrate` itself writes as it was. Foreign keys are deferred, so the order of tables does not matter.
"""

import functools
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction
from django.test import TransactionTestCase

from messaging.operations import append_only

DESK_TABLES = ("operations_auditentry", "operations_payloadedit")
APPEND_ONLY = (*(DESK_TABLES if apps.is_installed("messaging.operations") else ()), "shop_stockmovement")
VACUUMED_ABOVE = 512 * 1024  # bytes
#: Filled by `migrate`; tests may change them.
KEPT: tuple[type[models.Model], ...] = (ContentType, Permission)


def install() -> None:
    """Let every test that commits end with this flush instead of Django's. The database has just been migrated."""
    _migrated()
    TransactionTestCase._fixture_teardown = lambda self: flush()  # type: ignore[attr-defined]


def flush() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(tables_with_rows())
        for (table,) in cursor.fetchall():
            for statement in _emptying(table):
                cursor.execute(statement)
        for model, rows in _migrated().items():
            if list(_rows(model)) != rows:
                _restore(model, rows)
    if connection.vendor == "postgresql":
        _vacuum()


def _vacuum() -> None:
    """Deleted rows stay in a table, and every scan reads them, until a vacuum; a server may not do that by itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND pg_relation_size(oid) > %s",
            [VACUUMED_ABOVE],
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"VACUUM {connection.ops.quote_name(table)}")


@functools.cache
def _migrated() -> dict[type[models.Model], list[tuple[Any, ...]]]:
    """The rows of `KEPT`."""
    return {model: list(_rows(model)) for model in KEPT}


@functools.cache
def tables_with_rows() -> str:
    """A statement that selects the names of the tables to empty."""
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - kept_tables()
    quote = connection.ops.quote_name
    return " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quote(table)})"  # noqa: S608 - table names come from Django
        for table in sorted(tables)
    )


def kept_tables() -> set[str]:
    return {model._meta.db_table for model in KEPT}


def _rows(model: type[models.Model]) -> models.QuerySet[Any, Any]:
    return model._base_manager.order_by("pk").values_list()


def _restore(model: type[models.Model], rows: list[tuple[Any, ...]]) -> None:
    fields = [field.attname for field in model._meta.concrete_fields]
    model._base_manager.all()._raw_delete(connection.alias)
    model._base_manager.bulk_create(model(**dict(zip(fields, row, strict=True))) for row in rows)
    ContentType.objects.clear_cache()


def _emptying(table: str) -> list[str]:
    delete = f"DELETE FROM {connection.ops.quote_name(table)}"  # noqa: S608 - table names come from Django
    if table not in APPEND_ONLY:
        return [delete]
    return [*append_only.allow(connection, table), delete, *append_only.forbid(connection, table)]
