"""Race conditions: runs callables at the same moment in real threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event
from typing import Any

from django.db import connection, connections

from tests.patience import PATIENCE, wait_for


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


@contextmanager
def meanwhile_elsewhere(work: Callable[[], object], *, before: str) -> Iterator[None]:
    """Do `work` in a transaction of its own before the first statement that begins with `before`. PostgreSQL only."""
    results: list[list[Exception | None]] = []

    def execute(run: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith(before) and not results:
            with ThreadPoolExecutor(1) as pool:
                results.append(pool.submit(at_once, work).result(PATIENCE))
        return run(sql, *rest)

    with connection.execute_wrapper(execute):
        yield
    assert results, f"no statement begins with {before}"


@contextmanager
def beside(work: Callable[[], object], *, before: str) -> Iterator[Callable[[], None]]:
    """Do `work` in a thread, up to its first statement that begins with `before`. PostgreSQL only.

    Yields what lets it continue, and returns once it waits for the end of the caller's transaction.
    """
    reached, may_continue = Event(), Event()

    def stop(run: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith(before) and not reached.is_set():
            reached.set()
            assert may_continue.wait(PATIENCE)
        return run(sql, *rest)

    def run() -> None:
        try:
            with connection.execute_wrapper(stop):
                work()
        finally:
            reached.set()
            connections.close_all()

    def let_continue() -> None:
        may_continue.set()
        wait_for(is_waited_for, what="the other transaction waits for this one")

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(run)
        assert reached.wait(PATIENCE)
        try:
            yield let_continue
        finally:
            may_continue.set()
        done.result(PATIENCE)


def is_waited_for() -> bool:
    """Whether another transaction waits for the end of this one. PostgreSQL only."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid")
        return bool(cursor.fetchone())
