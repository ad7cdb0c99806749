"""What one call costs: time in the database, statements, pages of the database's cache, CPU of this process.

Pages that PostgreSQL looks at do not depend on how busy the machine is; times do.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import psycopg

from bench.support.in_process import Spent

PAGES = "SELECT pg_stat_get_db_blocks_fetched(oid) FROM pg_database WHERE datname = %s"


@dataclass(frozen=True)
class Cost:
    """Medians. Times in milliseconds."""

    database_ms: float
    statements: int
    pages: int
    cpu_ms: float


class Probe:
    """Measures calls on the default database, which nothing else uses meanwhile."""

    def __init__(self) -> None:
        from django.db import connection

        self._name = connection.settings_dict["NAME"]
        server = os.environ["DATABASE_URL"].rpartition("/")[0]
        self._watcher = psycopg.connect(f"{server}/postgres", autocommit=True)

    def measure(self, calls: Iterable[Callable[[], Any]]) -> Cost:
        """The medians of all calls but the first, which warms up."""
        costs = [self._one(call) for call in calls][1:]
        columns = zip(*costs, strict=True)
        database, statements, pages, cpu = map(statistics.median_low, columns)
        return Cost(round(database, 3), int(statements), int(pages), round(cpu, 3))

    def _one(self, call: Callable[[], Any]) -> tuple[float, float, float, float]:
        from django.db import connection

        spent, before = Spent(), self._pages()
        cpu = time.process_time()
        with connection.execute_wrapper(spent):
            call()
        cpu = 1000 * (time.process_time() - cpu)
        milliseconds = sum(ms for ms, _sql in spent.statements)
        return milliseconds, len(spent.statements), self._pages() - before, cpu

    def _pages(self) -> int:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_force_next_flush()")
        (pages,) = self._watcher.execute(PAGES, [self._name]).fetchone() or (0,)
        return int(pages)
