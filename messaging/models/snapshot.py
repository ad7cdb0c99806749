"""Reads of one moment: numbers that are shown side by side must not come from different states of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

_REPEATABLE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"


@contextmanager
def snapshot() -> Iterator[None]:
    """All reads within see the database as it was at the first of them. Takes no locks; not for writes.

    Without effect inside a transaction, whose isolation level is the caller's choice.
    """
    if connection.in_atomic_block:
        yield
        return
    with _deferred(connection), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(_REPEATABLE)
        yield


@contextmanager
def _deferred(connection: Any) -> Iterator[None]:
    """SQLite's transactions begin with the write lock, which readers do not need."""
    if (mode := getattr(connection, "transaction_mode", None)) is None:
        yield
        return
    connection.transaction_mode = None
    try:
        yield
    finally:
        connection.transaction_mode = mode
