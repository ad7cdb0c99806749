"""Changes that operators make on a running shop, while orders come in."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.stack import Stack
from tests.stack.orders import assert_once, place, wait_finished
from tests.stack.stack import order_body

#: Web threads: four, and one more that would wait for them.
THREADS = 5


@pytest.fixture
def production(make_stack, request):
    if request.node.callspec.params["make_stack"] != "production":
        pytest.skip("a change of RabbitMQ or PostgreSQL")
    return make_stack


@contextmanager
def locked(stack: Stack, table: str) -> Iterator[None]:
    """Within it, an operator's session has a table for itself, as `VACUUM FULL` and some migrations do."""
    with psycopg.connect(stack.database.url) as session:
        session.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        yield


def order_in_threads(stack: Stack, count: int) -> list[int]:
    statuses: list[int] = []
    body = order_body(stack.sku())
    orders = [
        threading.Thread(target=lambda: statuses.append(stack.api("POST", "orders/", json=body)[0]))
        for _ in range(count)
    ]
    for order in orders:
        order.start()
    for order in orders:
        order.join()
    return statuses


def test_a_table_that_an_operator_locks_does_not_hold_the_web_and_orders_are_accepted_afterwards(production):
    stack = production(beat=False, own_broker=False)
    with locked(stack, "messaging_message"):
        assert set(order_in_threads(stack, THREADS)) == {503}
        assert stack.api("GET", "/")[0] == 200
        assert stack.api("GET", "/healthz")[0] == 200
    numbers = place(stack, 5)
    wait_finished(stack, numbers)
    assert_once(stack, numbers)
