"""Broker, worker and database failures: every order completes, and nothing happens twice."""

import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psutil

from messaging.models import Message, State
from orders.models import Order
from payments.models import GatewayCharge, Payment
from shipping.models import CarrierParcel, Shipment

FINISHED = ("shipped", "delivered")
#: What a dead worker or a broker loses is sent again after as many seconds.
IMPATIENT = {"CONVEYOR_VISIBILITY": "8"}


def place(stack, count: int, **options) -> list[str]:
    """Place `count` orders, four at a time; return their numbers."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda _: stack.order(**options)["number"], range(count)))


def wait_finished(stack, numbers: list[str]) -> None:
    def unfinished() -> list[tuple[str, str]]:
        with stack.db():
            rows = Order.objects.using(stack.alias).filter(number__in=numbers).exclude(status__in=FINISHED)
            return list(rows.values_list("number", "status")[:5])

    stack.wait_for(lambda: not unfinished(), what=f"all {len(numbers)} orders are shipped")


def assert_once(stack, numbers: list[str]) -> None:
    """Exactly one charge and one parcel per order in the records of gateway and carrier."""
    with stack.db():
        alias = stack.alias
        keys = [
            str(pk)
            for pk in Payment.objects.using(alias).filter(order__number__in=numbers).values_list("pk", flat=True)
        ]
        assert len(keys) == len(numbers)
        assert GatewayCharge.objects.using(alias).filter(idempotency_key__in=keys).count() == len(numbers)
        assert CarrierParcel.objects.using(alias).filter(idempotency_key__in=numbers).count() == len(numbers)
        assert Shipment.objects.using(alias).filter(order__number__in=numbers).count() == len(numbers)
    assert stack.audit() == []


def connected(program, port: int) -> list[int]:
    """Processes of `program` with a connection to the broker's port."""
    main = psutil.Process(program.pid)
    return [
        process.pid
        for process in (main, *main.children(recursive=True))
        if any(link.raddr and link.raddr.port == port for link in process.net_connections("tcp"))
    ]


def test_checkout_needs_no_broker_and_orders_complete_afterwards(make_stack):
    stack = make_stack(beat=False, env=IMPATIENT)
    port = urlsplit(stack.broker.url).port
    numbers = place(stack, 3)
    assert connected(stack.relays[0], port), "the relay's connection is seen"
    stack.broker.stop()
    numbers += place(stack, 15)
    stack.broker.start()
    numbers += place(stack, 15)
    assert not connected(stack.web, port), "checkout never asks the broker"
    wait_finished(stack, numbers)
    assert_once(stack, numbers)


def test_a_hung_broker_blocks_neither_checkout_nor_later_processing(make_stack):
    stack = make_stack(beat=False, env=IMPATIENT)
    place(stack, 2)
    stack.broker.pause()
    numbers = place(stack, 5)
    relay = stack.relays[0]
    stack.wait_for(lambda: "cannot reach the broker" in relay.text(), what="the relay has given up on the broker")
    assert not connected(stack.web, urlsplit(stack.broker.url).port), "checkout never asks the broker"
    stack.broker.resume()
    wait_finished(stack, numbers)
    assert_once(stack, numbers)


def test_orders_survive_the_loss_of_the_brokers_data(make_stack):
    stack = make_stack(beat=False, env=IMPATIENT)
    stack.worker("payments").stop()
    numbers = place(stack, 20)

    def all_sent() -> bool:
        with stack.db():
            rows = Message.objects.using(stack.alias).filter(subject__in=numbers, task="payments.charge_payment")
            return set(rows.values_list("state", flat=True)) == {State.SENT}

    stack.wait_for(all_sent, what="all messages are in flight")
    stack.broker.stop()
    stack.broker.wipe()
    stack.broker.start()
    stack.worker("payments").start()
    wait_finished(stack, numbers)
    assert_once(stack, numbers)


def test_killed_workers_and_relays_lose_nothing_and_do_nothing_twice(make_stack):
    stack = make_stack(
        beat=False, env=IMPATIENT, relays=2, workers={"payments": 2, "shipping": 2, "notifications,maintenance": 1}
    )
    second = stack.new_worker("payments", 2)
    stack.workers.append(second)
    second.start()
    numbers = place(stack, 40)
    for victim in (stack.worker("payments"), stack.relays[0], second, stack.worker("shipping")):
        victim.kill()
        numbers += place(stack, 10)
        victim.start()
    wait_finished(stack, numbers)
    assert_once(stack, numbers)

    def no_live_messages() -> bool:
        with stack.db():
            return not Message.objects.using(stack.alias).live().exclude(task="orders.cancel_unpaid").exists()

    stack.wait_for(no_live_messages, what="no live messages")
    with stack.db():
        dead = Message.objects.using(stack.alias).filter(state=State.DEAD, subject__in=numbers)
        assert list(dead) == []


def test_a_worker_killed_between_charge_and_commit_charges_once(make_stack):
    """The worker is killed as soon as the gateway records a charge that the shop has not captured yet."""
    stack = make_stack(
        beat=False, env={**IMPATIENT, "CONVEYOR_GATEWAY_LATENCY": "0.5"}, workers={"payments": 1, "shipping": 1}
    )
    numbers = place(stack, 6, payment_method="pm_card_visa")
    killed = 0

    def charged_but_not_captured() -> bool:
        with stack.db():
            captured = Payment.objects.using(stack.alias).filter(status="captured").count()
            return GatewayCharge.objects.using(stack.alias).count() > captured

    def all_finished() -> bool:
        with stack.db():
            return not Order.objects.using(stack.alias).exclude(status__in=FINISHED).exists()

    while killed < 3 and not all_finished():
        if charged_but_not_captured():
            stack.worker("payments").kill()
            killed += 1
            stack.worker("payments").start()
    place(stack, 2, payment_method="pm_lost_reply")
    wait_finished(stack, numbers)
    assert_once(stack, numbers)


def test_a_worker_that_is_stopped_returns_its_unfinished_messages(make_stack):
    stack = make_stack(beat=False, workers={"payments": 1, "shipping": 1}, own_broker=False, env=IMPATIENT)
    order = stack.order(payment_method="pm_slow_5")

    worker = stack.worker("payments")
    stack.wait_for(lambda: " received" in worker.text(), what="the worker has the message")
    worker.stop()
    worker.start()
    stack.wait_status(order, *FINISHED)
    assert_once(stack, [order["number"]])


def test_a_database_outage_during_a_task_loses_nothing(make_stack):
    stack = make_stack(
        beat=False,
        own_broker=False,
        env={**IMPATIENT, "CONVEYOR_GATEWAY_LATENCY": "2", "CONVEYOR_TASK_TIME_LIMIT": "25"},
        workers={"payments": 1, "shipping": 1},
    )
    order = (
        _while_sqlite_is_locked(stack) if stack.backend == "embedded" else _while_postgresql_refuses_connections(stack)
    )
    stack.wait_status(order, *FINISHED)
    assert_once(stack, [order["number"]])


def _while_sqlite_is_locked(stack):
    """SQLite has no server to stop, but its file can stay locked for longer than any timeout."""
    import sqlite3

    order = stack.order()
    stack.wait_for(lambda: " received" in stack.worker("payments").text(), what="the task has begun")
    lock = sqlite3.connect(stack.database.url.removeprefix("sqlite:///"), isolation_level=None)
    try:
        lock.execute("BEGIN IMMEDIATE")
        time.sleep(13)
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    return order


def _while_postgresql_refuses_connections(stack):
    """The server terminates all connections and refuses new ones for a while."""
    import psycopg

    from tests.stack.services import postgresql_url

    name = stack.database.url.rpartition("/")[2]
    order = stack.order()
    stack.wait_for(lambda: " received" in stack.worker("payments").text(), what="the task has begun")
    with psycopg.connect(postgresql_url(), autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        time.sleep(4)
        server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
    return order
