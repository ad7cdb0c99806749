"""Query plans: what the database does for a statement."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

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


@contextmanager
def indexes_preferred(*, without: Sequence[str] = ()) -> Iterator[None]:
    """PostgreSQL prefers to scan and sort a small table; meanwhile, it does so only where no index matches.

    `without`: indexes that serve a table of a few rows as well; they do not exist meanwhile.
    """
    is_postgresql = connection.vendor == "postgresql"
    with transaction.atomic(), connection.cursor() as cursor:
        for index in without:
            cursor.execute(f"DROP INDEX {index}")
        if is_postgresql:
            cursor.execute("; ".join(f"SET LOCAL {setting} = off" for setting in _OFF))
        yield
        transaction.set_rollback(True)
