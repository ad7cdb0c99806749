"""Embedded broker: all orders end although it stops, or its folder is deleted, messages in flight included."""

import shutil

import pytest

from tests.stack import Stack


@pytest.fixture
def stack(django_db_blocker):
    stack = Stack("embedded", blocker=django_db_blocker, beat=False, workers={"payments": 1, "shipping": 1})
    try:
        yield stack.start()
    finally:
        stack.remove()


def test_all_orders_end_although_the_brokers_folder_is_deleted(stack):
    orders = [stack.order() for _ in range(4)]
    folder = stack.broker.folder / "valkey"
    shutil.rmtree(folder)
    stack.wait_for((folder / "appendonlydir").exists)
    stack.broker.program.restart()
    orders.append(stack.order())
    for order in orders:
        stack.wait_status(order, "shipped", "delivered")
    assert stack.audit() == []


def test_workers_log_a_stopped_broker_without_a_traceback(stack):
    stack.wait_status(stack.order(), "shipped", "delivered")
    stack.broker.program.stop()
    for worker in stack.workers:
        stack.wait_for(lambda worker=worker: "Connection to broker lost" in worker.text(), what="it is disconnected")
    stack.broker.program.start()
    stack.wait_status(stack.order(), "shipped", "delivered")
    assert all("Traceback" not in worker.text() for worker in stack.workers)
