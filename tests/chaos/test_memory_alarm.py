"""RabbitMQ's memory alarm: publishers are blocked; workers go on draining what waits, and stop when told to."""

import pytest

from messaging.models import State
from tests.stack.orders import assert_once, count_messages, place, wait_finished

ORDERS = 30
DROPPED, ACCEPTED = "events are dropped", "accepts publishing again"


def test_a_worker_drains_a_backlog_under_a_memory_alarm_and_stops(make_stack, request):
    if request.node.callspec.params["make_stack"] != "production":
        pytest.skip("Valkey refuses writes instead; it blocks nobody")
    stack = make_stack(beat=False)
    worker = stack.worker("payments")
    worker.pause()
    numbers = place(stack, ORDERS)

    def charges(state: State) -> int:
        return count_messages(stack, "payments.charge_payment", numbers, state=state)

    stack.wait_for(lambda: charges(State.SENT) == ORDERS, what="the backlog waits at the broker")
    stack.broker.control("set_vm_memory_high_watermark", "absolute", "1")
    worker.resume()
    stack.wait_for(lambda: charges(State.DONE) == ORDERS, what="the backlog is done under the alarm")
    stack.wait_for(lambda: DROPPED in worker.text(), what="the worker is blocked")
    assert worker.stop() == 0
    assert ACCEPTED not in worker.text(), "the alarm was on all the time"
    assert count_messages(stack, "shipping.create_shipment", numbers, state=State.DONE) == 0, "nothing is published"
    stack.broker.control("set_vm_memory_high_watermark", "0.6")
    worker.start()
    wait_finished(stack, numbers)
    assert_once(stack, numbers)
