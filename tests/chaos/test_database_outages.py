"""Database outages among orders: workers stop consuming, no attempt is spent, nothing dies, and all orders ship."""

import sqlite3
import time
from contextlib import closing

import psycopg

from messaging.models import Message, State
from tests.chaos.test_faults import assert_once, place, wait_finished
from tests.stack.services import postgresql_url


def test_outages_of_the_database_spend_no_attempt(make_stack):
    stack = make_stack(beat=False, own_broker=False, env={"CONVEYOR_GATEWAY_LATENCY": "0.4"})
    numbers = place(stack, 20)
    for _ in range(3):
        interrupt(stack)
        time.sleep(2)
    wait_finished(stack, numbers, timeout=120)
    assert_once(stack, numbers)
    with stack.db():
        mine = Message.objects.using(stack.alias).filter(subject__in=numbers)
        assert set(mine.values_list("attempts", flat=True)) == {0}
        assert not mine.filter(state=State.DEAD).exists()
    if stack.backend == "production":
        assert "no longer consuming payments: the database is away" in stack.worker("payments").text()
        assert "consuming payments again" in stack.worker("payments").text()


def interrupt(stack) -> None:
    """PostgreSQL ends every connection and refuses new ones for a while; SQLite's file stays locked."""
    if stack.backend == "embedded":
        path = stack.database.url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            time.sleep(12)
            lock.execute("ROLLBACK")
        return
    name = stack.database.url.rpartition("/")[2]
    with psycopg.connect(postgresql_url(), autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        time.sleep(5)
        server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
