"""Paused queues: orders wait through worker restarts and are processed after the resume."""

import json
import time

from messaging.models import Message, State

TASK = "payments.charge_payment"


def charges(stack, *orders) -> list[Message]:
    with stack.db():
        found = Message.objects.using(stack.alias).filter(task=TASK, subject__in=[order["number"] for order in orders])
        return list(found.order_by("id"))


def queue(stack, name: str = "payments") -> dict:
    _, page = stack.api("GET", "queues/", token=stack.token())
    return next(row for row in page["results"] if row["name"] == name)


def command(stack, *arguments: str) -> dict:
    done = stack.manage("queue", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_orders_wait_while_payments_is_paused_and_ship_after_the_resume(make_stack):
    stack = make_stack(own_broker=False, env={"CONVEYOR_VISIBILITY": "3"}, workers={"payments": 2, "shipping": 1})
    worker = stack.worker("payments")
    stack.wait_status(stack.order(), "shipped", "delivered")

    assert command(stack, "pause", "payments", "--reason", "the bank asked us to")["paused"]
    assert queue(stack)["paused"]
    stack.wait_for(lambda: queue(stack)["consumers"] == 0, 10, what="the worker cancelled its consumer")
    waiting = [stack.order(), stack.order(shipping_method="express")]
    worker.kill()
    worker.start()
    time.sleep(8)  # more than two visibility windows, in which recovery must not send anything
    assert queue(stack)["consumers"] == 0, "a restarted worker must not consume a paused queue"
    assert {(m.state, m.sends) for m in charges(stack, *waiting)} == {(State.PENDING, 0)}
    assert {stack.api("GET", f"orders/{order['public_id']}/")[1]["status"] for order in waiting} == {"placed"}
    assert stack.audit() == []

    assert not command(stack, "resume", "payments")["paused"]
    for order in waiting:
        stack.wait_status(order, "shipped", "delivered", timeout=20)
    assert {m.sends for m in charges(stack, *waiting)} == {1}
    assert queue(stack)["consumers"] == 1
    assert stack.audit() == []


def test_messages_at_the_broker_stay_there_during_a_pause_and_are_sent_once(make_stack):
    stack = make_stack(own_broker=False, env={"CONVEYOR_VISIBILITY": "8"}, workers={"shipping": 1})
    worker = stack.new_worker("payments", 2, pool="threads")
    stack.workers.append(worker)
    waiting = [stack.order() for _ in range(5)]
    stack.wait_for(lambda: {m.state for m in charges(stack, *waiting)} == {State.SENT}, what="all are in flight")
    command(stack, "pause", "payments", "--reason", "a test")
    worker.start()
    time.sleep(12)  # longer than a visibility window
    assert {(m.state, m.sends) for m in charges(stack, *waiting)} == {(State.SENT, 1)}
    assert queue(stack)["depth"] == 5
    command(stack, "resume", "payments")
    for order in waiting:
        stack.wait_status(order, "shipped", "delivered", timeout=20)
    assert {m.sends for m in charges(stack, *waiting)} == {1}
    assert stack.audit() == []
