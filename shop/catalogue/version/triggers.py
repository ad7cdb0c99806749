"""Triggers that replace a stamp of the catalogue's version in the transaction of each change.

They cover the admin, imports, `bulk_create`, `QuerySet.update` and raw SQL alike. On PostgreSQL a sale that leaves a
product's shown stock as it was changes nothing: under load most sales do not. SQLite has row triggers only, and any
update of a product counts there.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

#: Pages show the exact stock up to `shop.catalogue.views.LARGEST_CHOICE`, and nothing beyond it.
SHOWN_STOCK = 10
_TABLES = ("shop_product", "shop_producttext", "shop_category", "shop_categorytext", "shop_review")
#: Of a user, reviews show the name.
_USERS = "shop_user"
_EVENTS = ("insert", "update", "delete")

# What shoppers see of a row, as SQL. Any other column of a product, and any that is added, counts.
_SHOWN_PRODUCT = f"""(
    to_jsonb({{row}}) - '{{{{stock,runs_low}}}}'::text[]
    || jsonb_build_object('shown_stock', least({{row}}.stock, {SHOWN_STOCK})))"""
_SHOWN_USER = "({row}.first_name, {row}.last_name)"
_SHOWN = {"shop_product": _SHOWN_PRODUCT, _USERS: _SHOWN_USER}
# A stamp that another transaction has locked is skipped: no order waits for the commit of another one.
# The lowest free one: a long transaction would otherwise lock them all, one after another.
_FUNCTIONS = """
    CREATE OR REPLACE FUNCTION shop_catalogue_restamp() RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        free bigint;
    BEGIN
        SELECT id INTO free FROM shop_cataloguestamp ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            UPDATE shop_cataloguestamp SET stamp = gen_random_uuid() WHERE id = free;
        ELSE
            INSERT INTO shop_cataloguestamp (stamp) VALUES (gen_random_uuid());
        END IF;
    END $$;
    CREATE OR REPLACE FUNCTION shop_catalogue_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM shop_catalogue_restamp();
        RETURN NULL;
    END $$;
"""
# A trigger for the statement, not for each row: an update of 100,000 products replaces one stamp.
_IF_SHOWN_DIFFERENTLY = """
    CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM old_rows LEFT JOIN new_rows USING (id) WHERE {before} IS DISTINCT FROM {after}) THEN
            PERFORM shop_catalogue_restamp();
        END IF;
        RETURN NULL;
    END $$;
"""
_ON_UPDATE = """
    CREATE TRIGGER {name} AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION {name}()
"""


def install(connection: BaseDatabaseWrapper) -> None:
    if connection.vendor == "postgresql":
        _execute(connection, (*_postgresql_functions(), *_postgresql_triggers()))
    else:
        _execute(connection, _sqlite_triggers())


def remove(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for table in (*_TABLES, _USERS):
            for event in _EVENTS:
                on = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER IF EXISTS {_name(table, event)}{on}")
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP FUNCTION {', '.join(_functions())}")


def update(connection: BaseDatabaseWrapper) -> None:
    """Bring installed triggers up to date. On PostgreSQL only their functions are replaced, which locks no table."""
    if connection.vendor == "postgresql":
        _execute(connection, _postgresql_functions())
    else:
        remove(connection)
        install(connection)


def restore_triggers(*, using: str, **kwargs: Any) -> None:
    """Receiver of `post_migrate`: on SQLite Django alters a table by recreating it, which drops its triggers."""
    connection = connections[using]
    if connection.vendor == "sqlite" and "shop_cataloguestamp" in connection.introspection.table_names():
        update(connection)


def _execute(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _name(table: str, event: str) -> str:
    return f"shop_catalogue_{table}_{event}"


def _functions() -> list[str]:
    own = [_name(table, "update") for table in _SHOWN]
    return [*own, "shop_catalogue_changed", "shop_catalogue_restamp"]


def _postgresql_functions() -> Iterator[str]:
    yield _FUNCTIONS
    for table, shown in _SHOWN.items():
        before, after = shown.format(row="old_rows"), shown.format(row="new_rows")
        yield _IF_SHOWN_DIFFERENTLY.format(name=_name(table, "update"), before=before, after=after)


def _postgresql_triggers() -> Iterator[str]:
    for table in _TABLES:
        for event in _EVENTS:
            if (table, event) != ("shop_product", "update"):
                yield (
                    f"CREATE TRIGGER {_name(table, event)} AFTER {event} ON {table} "
                    "FOR EACH STATEMENT EXECUTE FUNCTION shop_catalogue_changed()"
                )
    for table in _SHOWN:
        yield _ON_UPDATE.format(name=_name(table, "update"), table=table)


def _sqlite_triggers() -> Iterator[str]:
    # Not INSERT OR REPLACE: the conflict clause of the statement that fires a trigger overrides those inside it.
    stamp = (
        "DELETE FROM shop_cataloguestamp; INSERT INTO shop_cataloguestamp (id, stamp) VALUES (1, hex(randomblob(16)));"
    )
    for table in _TABLES:
        for event in _EVENTS:
            yield f"CREATE TRIGGER {_name(table, event)} AFTER {event} ON {table} BEGIN {stamp} END"
    differs = "OLD.first_name IS NOT NEW.first_name OR OLD.last_name IS NOT NEW.last_name"
    yield f"CREATE TRIGGER {_name(_USERS, 'update')} AFTER UPDATE ON {_USERS} WHEN {differs} BEGIN {stamp} END"
