"""Changes that operators make on a running shop, while orders come in."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from messaging.models import State
from tests.stack import PATIENT, Stack
from tests.stack.orders import assert_once, count_messages, place, wait_finished
from tests.stack.stack import order_body

#: Web threads: four, and one more that would wait for them.
THREADS = 5
CHARGE = "payments.charge_payment"
NEW_KEY = "a new key of more than thirty-two characters"


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


def test_messages_in_flight_outlast_a_change_of_the_secret_key_one_process_after_the_other(make_stack):
    """Signed with the old key and read with the new one, and the other way round."""
    stack = make_stack(beat=False, own_broker=False, env=PATIENT)
    worker, others = stack.worker("payments"), [stack.worker("shipping"), stack.worker("notifications")]
    worker.stop()
    numbers = place(stack, 20)
    stack.wait_for(
        lambda: count_messages(stack, CHARGE, numbers, state=State.SENT) == len(numbers), what="all wait at the broker"
    )
    worker.env = {**worker.env, "SECRET_KEY": NEW_KEY}
    worker.start()
    wait_finished(stack, numbers)
    for program in stack.relays:
        program.env = {**program.env, "SECRET_KEY": NEW_KEY}
        program.restart()
    numbers += place(stack, 10)
    wait_finished(stack, numbers)
    for program in others:
        program.env = {**program.env, "SECRET_KEY": NEW_KEY}
        program.restart()
    numbers += place(stack, 5)
    wait_finished(stack, numbers)
    assert count_messages(stack, CHARGE, numbers, attempts=0, sends=1) == len(numbers), "none was sent or tried again"
    assert_once(stack, numbers)


def test_a_virtual_host_that_is_deleted_and_made_anew_loses_no_order(production):
    stack = production(beat=False, env={"CONVEYOR_VISIBILITY": "8"})
    numbers = place(stack, 10)
    stack.broker.control("delete_vhost", "/")
    numbers += place(stack, 10)
    stack.wait_for(
        lambda: all("has no virtual host /" in program.text() for program in (*stack.relays, *stack.workers)),
        what="relays and workers name the virtual host",
    )
    stack.broker.control("add_vhost", "/")
    stack.broker.control("set_permissions", "--vhost", "/", "guest", ".*", ".*", ".*")
    wait_finished(stack, numbers)
    assert_once(stack, numbers)
