"""Recovery with real workers: what they hold, busy or hung, is not sent again; what is lost is."""

import time
from uuid import UUID

from kombu import Connection

from messaging.broker.settings import transport_options
from messaging.models import Message, State
from tests.stack.program import Program

TASK = "payments.charge_payment"
#: Two payments at a time: the last of twelve waits for longer than the visibility timeout, and is in work after it.
#: The time limit is one that a task survives whose worker hangs meanwhile.
ENV = {"CONVEYOR_VISIBILITY": "6", "CONVEYOR_TASK_TIME_LIMIT": "90", "CONVEYOR_GATEWAY_LATENCY": "1.5"}


def charges(stack) -> list[Message]:
    with stack.db():
        return list(Message.objects.using(stack.alias).filter(task=TASK))


def count(stack, state: State) -> int:
    return sum(message.state == state for message in charges(stack))


def hangs(stack, worker: Program) -> bool:
    """Suspend the worker. False: between two commands, with a message that Valkey has given out and noted nowhere.

    Such a message is as lost as that of a worker that died there, and is rightly sent again.
    """
    worker.pause()
    in_flight = {message.pk for message in charges(stack) if message.state == State.SENT}
    if stack.backend == "production" or held_on_valkey(stack.broker.url) >= in_flight:
        return True
    worker.resume()
    return False


def held_on_valkey(url: str) -> frozenset[UUID]:
    """Payments in their queue, and with workers."""
    options = transport_options(url, visibility=60)
    with Connection(url, transport_options=options) as connection, connection.channel() as channel:
        return channel.ids_of("payments", limit=100)


def test_a_backlog_that_busy_and_hung_workers_hold_is_sent_once(make_stack):
    stack = make_stack(own_broker=False, env=ENV, workers={"shipping": 1}, beat=False)
    orders = [stack.order() for _ in range(12)]
    stack.wait_for(lambda: count(stack, State.SENT) == 12, what="all are in flight")
    worker = stack.new_worker("payments", 2)
    stack.workers.append(worker)
    worker.start()
    stack.wait_for(lambda: count(stack, State.DONE) >= 4, what="the workers are busy")
    stack.wait_for(lambda: hangs(stack, worker), what="the worker hangs, and all that it has taken is known to be its")
    assert count(stack, State.SENT) > 2
    time.sleep(15)  # more than two visibility timeouts, in which nothing may be sent again
    worker.resume()
    for order in orders:
        stack.wait_status(order, "shipped", "delivered")
    assert {message.sends for message in charges(stack)} == {1}
    assert stack.audit() == []


def test_what_a_wiped_broker_lost_is_sent_again(make_stack):
    stack = make_stack(env=ENV | {"CONVEYOR_GATEWAY_LATENCY": "0"}, workers={"shipping": 1}, beat=False)
    orders = [stack.order() for _ in range(6)]
    stack.wait_for(lambda: count(stack, State.SENT) == 6, what="all are in flight")
    stack.broker.wipe()
    worker = stack.new_worker("payments", 2)
    stack.workers.append(worker)
    worker.start()
    for order in orders:
        stack.wait_status(order, "shipped", "delivered")
    assert {message.attempts for message in charges(stack)} == {0}
    assert min(message.sends for message in charges(stack)) >= 2  # more if a claim met the broker while it started
    assert stack.audit() == []
