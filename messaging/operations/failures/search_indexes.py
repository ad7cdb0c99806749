"""PostgreSQL indexes for searches by error text and payload.

Measured by `bench/operations/desk.py` with 1,000,000 rows of which 50,000 are dead (docs/explanation/performance.md).
On SQLite, and where `pg_trgm` cannot be installed, the same searches read every message that ever died.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, connection, migrations, transaction

log = logging.getLogger(__name__)
#: Literally the condition of the desk's list, so that PostgreSQL's planner matches the partial indexes.
_DIED = "state = 'dead' OR state = 'discarded' OR replayed_from > 0"
_WORDS = f"""
CREATE INDEX messaging_died_words ON messaging_message
USING gin (UPPER(error_type) gin_trgm_ops, UPPER(error_message) gin_trgm_ops) WHERE {_DIED}
"""
_PAYLOAD = f"CREATE INDEX messaging_died_payload ON messaging_message USING gin (payload jsonb_path_ops) WHERE {_DIED}"


@contextmanager
def in_order() -> Iterator[None]:
    """Within this block PostgreSQL reads rows in index order, newest first, until the page is full.

    Its planner takes every term for a rare one and would sort all matches: 190 ms instead of 2 ms at 50,000.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")
        yield
        cursor.execute("SET LOCAL enable_sort = on")


class IndexSearches(migrations.RunPython):
    """Migration operation that creates the indexes. Reversed, it drops them."""

    def __init__(self) -> None:
        super().__init__(_create, _drop)


def _create(apps: Any, editor: Any) -> None:
    if editor.connection.vendor != "postgresql":
        return
    editor.execute(_PAYLOAD)
    try:
        with transaction.atomic(using=editor.connection.alias):
            editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            editor.execute(_WORDS)
    except DatabaseError as error:
        log.warning("pg_trgm is not available, so searches by error text are slower: %s", str(error).strip())


def _drop(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        for name in ("messaging_died_payload", "messaging_died_words"):
            editor.execute(f"DROP INDEX IF EXISTS {name}")
