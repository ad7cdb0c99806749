"""Search index on SQLite.

Two FTS5 tables, for the products' own texts and for translations, each with a vocabulary table. Triggers reference only
their own table and the index: SQLite cannot rename a table, as migrations do, while a trigger elsewhere references a
missing one.
"""

from collections.abc import Iterator

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

_TOKENS = "tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'"
_TABLES = {
    "shop_search_own": f"fts5(sku, name, tagline, description, {_TOKENS})",
    "shop_search_texts": f"fts5(product_id UNINDEXED, name, tagline, description, {_TOKENS})",
    "shop_search_own_words": "fts5vocab(shop_search_own, col)",
    "shop_search_texts_words": "fts5vocab(shop_search_texts, col)",
}
_SOURCES = {
    "shop_search_own": ("shop_product", "sku, name, tagline, description", "is_listed"),
    "shop_search_texts": ("shop_producttext", "product_id, name, tagline, description", ""),
}

_FOLDING = {
    "sku": "shop_search_folded",
    "name": "shop_search_spelled",
    "tagline": "shop_search_spelled",
    "description": "shop_search_folded",
}


def install(connection: BaseDatabaseWrapper, *, folds: bool = True) -> None:
    with connection.cursor() as cursor:
        for name, module in _TABLES.items():
            cursor.execute(f"CREATE VIRTUAL TABLE {name} USING {module}")
        for statement in (*_triggers(folds), *_filling(folds)):
            cursor.execute(statement)


def update(connection: BaseDatabaseWrapper, *, folds: bool = True) -> None:
    with transaction.atomic(using=connection.alias):
        remove(connection)
        install(connection, folds=folds)


def remove(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for name in _trigger_names():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        for name in reversed(_TABLES):
            cursor.execute(f"DROP TABLE IF EXISTS {name}")


def restore_triggers(connection: BaseDatabaseWrapper) -> None:
    """Recreate the index and its triggers if the index exists but a trigger is missing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE name LIKE 'shop_search_%'")
        existing = {row[0] for row in cursor.fetchall()}
    if existing >= _TABLES.keys() and not existing >= set(_trigger_names()):
        update(connection)


def _trigger_names() -> list[str]:
    return [f"{index}_{event}" for index in _SOURCES for event in ("insert", "update", "delete")]


def _triggers(folds: bool) -> Iterator[str]:
    for index, (table, columns, condition) in _SOURCES.items():
        when = f"WHERE NEW.{condition}" if condition else ""
        values = _values(columns, "NEW.", folds)
        add = f"INSERT INTO {index} (rowid, {columns}) SELECT NEW.id, {values} {when};"
        drop = f"DELETE FROM {index} WHERE rowid = OLD.id;"  # noqa: S608 - our own names
        watched = ", ".join(filter(None, (columns, condition)))
        yield f"CREATE TRIGGER {index}_insert AFTER INSERT ON {table} BEGIN {add} END"
        yield f"CREATE TRIGGER {index}_update AFTER UPDATE OF {watched} ON {table} BEGIN {drop} {add} END"
        yield f"CREATE TRIGGER {index}_delete AFTER DELETE ON {table} BEGIN {drop} END"


def _filling(folds: bool) -> Iterator[str]:
    for index, (table, columns, condition) in _SOURCES.items():
        when = f"WHERE {condition}" if condition else ""
        values = _values(columns, "", folds)
        yield f"INSERT INTO {index} (rowid, {columns}) SELECT id, {values} FROM {table} {when}"  # noqa: S608 - our own names


def _values(columns: str, row: str, folds: bool) -> str:
    """The columns of a row, folded: `shop.catalogue.search.folding` gives each connection the functions."""
    folding = _FOLDING if folds else {}
    return ", ".join(f"{folding.get(column, '')}({row}{column})" for column in columns.split(", "))
