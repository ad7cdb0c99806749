"""Raises Django's limit on parameters per SQLite statement to the limit of the SQLite library in use.

Django assumes 999, the limit of old SQLite releases, and splits bulk inserts accordingly: an order with 600 lines would
take six statements. Django 6.1 asks the library itself.
"""

import sqlite3
from typing import Any

import django
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


def connect() -> None:
    if django.VERSION < (6, 1):
        connection_created.connect(raise_limit, dispatch_uid="shop.raise_limit")


def raise_limit(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        limit = connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        connection.features.max_query_params = limit
