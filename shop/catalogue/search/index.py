"""Installs the search index and its triggers, which update it in the transaction of each change to a product.

So it holds for the admin, for imports and for `bulk_create` alike, and goods that are not listed cost nothing: they
never enter it.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from shop.catalogue.search.postgresql import index as postgresql
from shop.catalogue.search.sqlite import index as sqlite

_MAKERS = {"postgresql": postgresql, "sqlite": sqlite}


def install(connection: BaseDatabaseWrapper) -> None:
    """Make the index and fill it."""
    _MAKERS[connection.vendor].install(connection)


def remove(connection: BaseDatabaseWrapper) -> None:
    _MAKERS[connection.vendor].remove(connection)


def restore_triggers(*, using: str, **kwargs: Any) -> None:
    """Receives `post_migrate`: on SQLite Django makes a table anew to change it, and its triggers are gone then."""
    if connections[using].vendor == "sqlite":
        sqlite.restore_triggers(connections[using])
