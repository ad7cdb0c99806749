"""Database outages among orders: workers stop consuming, no attempt is spent, nothing dies, and all orders ship."""

import time

import psycopg
import pytest

from messaging.models import Message, State
from tests.chaos.test_faults import assert_once, place, wait_finished
from tests.stack.services import postgresql_url


def test_outages_of_the_database_spend_no_attempt(make_stack, request):
    if request.node.callspec.params["make_stack"] != "production":
        pytest.skip("SQLite has no server that could be away")
    # Longer than an outage: a message that is sent again meanwhile counts as one whose worker was lost.
    visibility = {"CONVEYOR_VISIBILITY": "60"}
    stack = make_stack(beat=False, own_broker=False, env={"CONVEYOR_GATEWAY_LATENCY": "0.4", **visibility})
    numbers = place(stack, 20)
    for _ in range(3):
        interrupt(stack)
        time.sleep(2)
    wait_finished(stack, numbers)
    assert_once(stack, numbers)
    with stack.db():
        mine = Message.objects.using(stack.alias).filter(subject__in=numbers)
        assert set(mine.values_list("attempts", flat=True)) == {0}
        assert not mine.filter(state=State.DEAD).exists()
    assert "no longer consuming payments: the database is away" in stack.worker("payments").text()
    assert "consuming payments again" in stack.worker("payments").text()


def interrupt(stack) -> None:
    """The server ends every connection and refuses new ones for a while."""
    name = stack.database.url.rpartition("/")[2]
    with psycopg.connect(str(postgresql_url()), autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        time.sleep(5)
        server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
