"""Query plans: what the database does for a statement."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

_OFF = "enable_seqscan", "enable_bitmapscan", "enable_sort"


@contextmanager
def plans_of(pattern: str) -> Iterator[list[str]]:
    """The plan of each statement that runs meanwhile and whose SQL contains `pattern`, a regular expression."""
    explained = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    plans: list[str] = []

    def explain(execute: Any, sql: str, parameters: Any, many: bool, context: dict[str, Any]) -> Any:
        if re.search(pattern, sql):
            execute(f"{explained} {sql}", parameters, many, context)
            plans.append("\n".join(str(row[-1]) for row in context["cursor"].fetchall()))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(explain):
        yield plans


def fill(rows: Sequence[Model]) -> None:
    """Adds rows of one model, and takes the statistics of its table.

    The plan for a few rows depends on what the table once held and on when statistics of it were last taken.
    """
    type(rows[0])._default_manager.bulk_create(rows)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {rows[0]._meta.db_table}")


@contextmanager
def indexes_preferred() -> Iterator[None]:
    """PostgreSQL prefers to scan and sort a small table; meanwhile, it does so only where no index matches."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("; ".join(f"SET LOCAL {setting} = off" for setting in _OFF))
        yield
        transaction.set_rollback(True)


@contextmanager
def without_indexes(*names: str) -> Iterator[None]:
    """These indexes, which serve a table of a few rows as well, do not exist meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP INDEX {name}")
        yield
        transaction.set_rollback(True)
