"""Which indexes find a failure by a part of its error, or by what it carries? PostgreSQL's alone.

Measured by `bench/desk.py` with 1,000,000 rows of which 50,000 are dead: docs/performance.md. On SQLite, and where
`pg_trgm` may not be installed, the same searches read all that ever died.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, connection, migrations, transaction

log = logging.getLogger(__name__)
#: As the desk's list asks for it, word for word, so that PostgreSQL sees that the indexes serve it.
_DIED = "state = 'dead' OR state = 'discarded' OR replayed_from > 0"
_WORDS = f"""
CREATE INDEX messaging_died_words ON messaging_message
USING gin (UPPER(error_type) gin_trgm_ops, UPPER(error_message) gin_trgm_ops) WHERE {_DIED}
"""
_PAYLOAD = f"CREATE INDEX messaging_died_payload ON messaging_message USING gin (payload jsonb_path_ops) WHERE {_DIED}"


@contextmanager
def in_order() -> Iterator[None]:
    """Rows that are asked for in an index's order are read in it, from the newest on, until the page is full.

    PostgreSQL takes every word for a rare one, and would sort all that has it: 190 ms instead of 2 at 50,000.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")
        yield
        cursor.execute("SET LOCAL enable_sort = on")


class IndexSearches(migrations.RunPython):
    """The operation of a migration that makes the indexes; backwards it drops them."""

    def __init__(self) -> None:
        super().__init__(_make, _drop)


def _make(apps: Any, editor: Any) -> None:
    if editor.connection.vendor != "postgresql":
        return
    editor.execute(_PAYLOAD)
    try:
        with transaction.atomic(using=editor.connection.alias):
            editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            editor.execute(_WORDS)
    except DatabaseError as error:
        log.warning("The search for errors goes without pg_trgm: %s", str(error).strip())


def _drop(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        for name in ("messaging_died_payload", "messaging_died_words"):
            editor.execute(f"DROP INDEX IF EXISTS {name}")
