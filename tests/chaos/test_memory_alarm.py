"""RabbitMQ's memory alarm: publishers are blocked; workers go on draining what waits, and stop when told to."""

import pytest

from messaging.models import Message, State
from tests.chaos.test_faults import place


def test_workers_drain_a_backlog_under_a_memory_alarm_and_stop_at_once(make_stack, request):
    if request.node.callspec.params["make_stack"] != "production":
        pytest.skip("Valkey refuses writes instead; it blocks nobody")
    stack = make_stack(beat=False)
    worker = stack.worker("payments")
    worker.stop()
    numbers = place(stack, 30)

    def charges(*states: str) -> int:
        with stack.db():
            rows = Message.objects.using(stack.alias).filter(task="payments.charge_payment", subject__in=numbers)
            return rows.filter(state__in=states).count()

    stack.wait_for(lambda: charges(State.SENT) == len(numbers), what="the backlog waits at the broker")
    worker.start()
    stack.wait_for(lambda: charges(State.DONE) > 0, what="the worker has connected")
    stack.broker.control("set_vm_memory_high_watermark", "absolute", "1")
    stack.wait_for(lambda: charges(State.DONE) == len(numbers), what="the backlog is done under the alarm")
    stack.wait_for(lambda: "events are dropped" in worker.text())
    worker.stop()
    stack.broker.control("set_vm_memory_high_watermark", "0.6")
    worker.start()
    for order in numbers:
        stack.wait_for(lambda order=order: shipped(stack, order), what=f"{order} is shipped")


def shipped(stack, number: str) -> bool:
    with stack.db():
        done = Message.objects.using(stack.alias).filter(subject=number, task="shipping.create_shipment")
        return done.filter(state=State.DONE).exists()
