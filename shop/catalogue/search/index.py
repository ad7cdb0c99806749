"""Installs the search index and the triggers that update it in the transaction of each product change.

Triggers cover the admin, imports and `bulk_create` alike. Unlisted products are not indexed and cost nothing.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from shop.catalogue.search.postgresql import index as postgresql
from shop.catalogue.search.sqlite import index as sqlite

_INDEXES = {"postgresql": postgresql, "sqlite": sqlite}


def install(connection: BaseDatabaseWrapper) -> None:
    """Create and fill the index."""
    _INDEXES[connection.vendor].install(connection)


def remove(connection: BaseDatabaseWrapper) -> None:
    _INDEXES[connection.vendor].remove(connection)


def update(connection: BaseDatabaseWrapper, *, folds: bool = True) -> None:
    """Bring an installed index up to date, with folded text or without."""
    _INDEXES[connection.vendor].update(connection, folds=folds)


def restore_triggers(*, using: str, **kwargs: Any) -> None:
    """Receiver of `post_migrate`: on SQLite Django alters a table by recreating it, which drops its triggers."""
    if connections[using].vendor == "sqlite":
        sqlite.restore_triggers(connections[using])
