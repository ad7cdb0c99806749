"""Settings of each connection's session, which neither database takes from a connection string through a pooler."""

import sqlite3
from typing import Any

import django
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


def connect() -> None:
    connection_created.connect(set_up, dispatch_uid="shop.set_up_session")


def set_up(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor == "postgresql":
        _stop_compiling(connection)
    elif django.VERSION < (6, 1):
        _raise_limit(connection)


def _stop_compiling(connection: BaseDatabaseWrapper) -> None:
    """Just-in-time compilation, by estimated costs, took a second of the 1.2 s of an invariant of 1,000 orders.

    No statement reads so many rows that it would pay.
    """
    connection.connection.execute("SET jit = off")


def _raise_limit(connection: BaseDatabaseWrapper) -> None:
    """Raise Django's limit on parameters per SQLite statement to the limit of the SQLite library in use.

    Django assumes 999, the limit of old SQLite releases, and splits bulk inserts accordingly: an order with 600 lines
    would take six statements. Django 6.1 asks the library itself.
    """
    limit = connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    connection.features.max_query_params = limit
