"""Checks of database and broker that answer within seconds.

Each is asked in a thread of its own, since a server that hangs would hold the caller for as long as it likes.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from threading import Lock

from django.db import connection, connections

from messaging.broker.inspect import broker_answers

OK, DOWN, SLOW = "ok", "down", "no answer"
TIMEOUT = 2.0

_running: dict[Callable[[], None], "Future[None]"] = {}
_lock = Lock()


def database() -> str:
    return _ask(_ask_database)


def broker() -> str:
    return _ask(_ask_broker)


@cache
def _threads() -> ThreadPoolExecutor:
    """Made at the first question, so that a process that forks before has no threads yet."""
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="probe")


def _ask(question: Callable[[], None]) -> str:
    """While a question hangs it is not asked again: one thread each is the most that can be stuck."""
    with _lock:
        future = _running.get(question)
        if future is None or future.done():
            future = _running[question] = _threads().submit(question)
    try:
        future.result(timeout=TIMEOUT)
    except TimeoutError:
        return SLOW
    except Exception:  # whatever went wrong, the answer is no
        return DOWN
    return OK


def _ask_database() -> None:
    """The migrations' table is there in every database that was set up, and small."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
    finally:
        connections.close_all()


def _ask_broker() -> None:
    if not broker_answers():
        raise ConnectionError
