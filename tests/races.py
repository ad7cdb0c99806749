"""Race conditions: runs callables at the same moment in real threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

from django.db import connection, connections

from tests.patience import PATIENCE


def at_once(*works: Callable[[], object], refusals: tuple[type[Exception], ...] = ()) -> list[Exception | None]:
    """Run all callables concurrently; return the exception of each, or None. Only `refusals` are caught."""
    start = Barrier(len(works))

    def run(work: Callable[[], object]) -> Exception | None:
        try:
            start.wait(PATIENCE)
            work()
        except refusals as refused:
            return refused
        finally:
            connections.close_all()
        return None

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@contextmanager
def meanwhile(work: Callable[[], object], *, table: str) -> Iterator[None]:
    """Do `work` as somebody else would who comes between the first and the second statement about the table."""
    seen = 0

    def execute(run: Callable[..., Any], sql: str, *rest: Any) -> Any:
        nonlocal seen
        seen += f'"{table}"' in sql
        if seen == 2:
            seen += 1  # before `work`, whose own statements come through here
            work()
        return run(sql, *rest)

    with connection.execute_wrapper(execute):
        yield
    assert seen > 2, f"{table} is not asked twice"


def is_waited_for() -> bool:
    """Whether another transaction waits for the end of this one. PostgreSQL only."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid")
        return bool(cursor.fetchone())
