"""Pauses the database: a lock against writing, held by a connection of its own until a known time.

It is safe on both databases, as the lock ends with its connection: after the time, or with the process that holds it.
"""

import threading
import time

from django.db import connection, transaction

from messaging.models import Message

MOST_SECONDS = 30


def begin(*, seconds: float) -> None:
    """Hold the lock for `seconds`, at most `MOST_SECONDS`, in a thread. Returns once it is held or failed."""
    held = threading.Event()
    holder = threading.Thread(target=_hold, args=(min(seconds, MOST_SECONDS), held), daemon=True)
    holder.start()
    held.wait(MOST_SECONDS)


def _hold(seconds: float, held: threading.Event) -> None:
    """On SQLite, a transaction is IMMEDIATE: it takes the only write lock. On PostgreSQL, it locks one table."""
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"LOCK TABLE {Message._meta.db_table} IN EXCLUSIVE MODE")
            held.set()
            time.sleep(seconds)
    finally:
        held.set()
        connection.close()
