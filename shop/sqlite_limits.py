"""Raises Django's limit of values in one SQLite statement to SQLite's own.

Django reckons with 999, SQLite's limit of long ago, and splits bulk inserts accordingly: an order of 600 lines would
need six of them. Later releases of Django ask SQLite itself, as is done here.
"""

import sqlite3
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


def connect() -> None:
    connection_created.connect(ask_for_limit, dispatch_uid="shop.ask_for_limit")


def ask_for_limit(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        limit = connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        connection.features.max_query_params = limit
