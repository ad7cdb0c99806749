"""Paused queues: orders wait through worker restarts and are processed after the resume."""

import json
from datetime import timedelta

from django.utils import timezone
from kombu import Connection

from messaging.broker.settings import transport_options
from messaging.models import Message, State
from tests.stack import PATIENT
from tests.stack.orders import acknowledge

TASK = "payments.charge_payment"
LONG_AGO = timedelta(hours=3)


def charges(stack, *orders) -> list[Message]:
    with stack.db():
        found = Message.objects.using(stack.alias).filter(task=TASK, subject__in=[order["number"] for order in orders])
        return list(found.order_by("id"))


def payments_queue(stack) -> dict:
    _, page = stack.api("GET", "queues/", token=stack.token())
    return next(row for row in page["results"] if row["name"] == "payments")


def command(stack, *arguments: str) -> dict:
    done = stack.manage("queue", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def wait_consumers(stack, count: int) -> None:
    stack.wait_for(lambda: payments_queue(stack)["consumers"] == count, what=f"{count} workers consume the queue")


def wait_emails(stack, *orders) -> None:
    """Their e-mails are sent: the relay has been through everything that was due."""

    def all_done() -> bool:
        with stack.db():
            mails = Message.objects.using(stack.alias).filter(task="orders.send_email")
            done = mails.filter(state=State.DONE, subject__in=[order["number"] for order in orders])
            return done.values("subject").distinct().count() == len(orders)

    stack.wait_for(all_done, what="the e-mails are sent")


def test_orders_wait_while_payments_is_paused_and_ship_after_the_resume(make_stack):
    workers = {"payments": 2, "shipping": 1, "notifications,maintenance": 1}
    stack = make_stack(own_broker=False, env=PATIENT, workers=workers)
    worker = stack.worker("payments")
    stack.wait_status(stack.order(), "shipped", "delivered")

    assert command(stack, "pause", "payments", "--reason", "the bank asked us to")["paused"]
    assert payments_queue(stack)["paused"]
    wait_consumers(stack, 0)
    waiting = [stack.order(), stack.order(shipping_method="express")]
    acknowledge(stack, [order["number"] for order in waiting])
    worker.kill()
    worker.start()
    wait_emails(stack, *waiting)
    assert payments_queue(stack)["consumers"] == 0, "a restarted worker must not consume a paused queue"
    assert {(m.state, m.sends) for m in charges(stack, *waiting)} == {(State.PENDING, 0)}
    assert {stack.api("GET", f"orders/{order['public_id']}/")[1]["status"] for order in waiting} == {"placed"}
    assert stack.audit() == []

    assert not command(stack, "resume", "payments")["paused"]
    for order in waiting:
        stack.wait_status(order, "shipped", "delivered")
    assert {m.sends for m in charges(stack, *waiting)} == {1}
    wait_consumers(stack, 1)
    assert stack.audit() == []


def test_messages_at_the_broker_stay_there_during_a_pause_and_are_sent_once(make_stack):
    stack = make_stack(own_broker=False, env=PATIENT, workers={"shipping": 1})
    worker = stack.new_worker("payments", 2, pool="threads")
    stack.workers.append(worker)
    waiting = [stack.order() for _ in range(5)]
    acknowledge(stack, [order["number"] for order in waiting])
    stack.wait_for(lambda: {m.state for m in charges(stack, *waiting)} == {State.SENT}, what="all are in flight")
    command(stack, "pause", "payments", "--reason", "a test")
    worker.start()
    lose_in_flight(stack, *waiting)
    assert {(m.state, m.sends) for m in charges(stack, *waiting)} == {(State.SENT, 1)}
    assert payments_queue(stack)["depth"] == 5
    command(stack, "resume", "payments")
    for order in waiting:
        stack.wait_status(order, "shipped", "delivered")
    assert {m.sends for m in charges(stack, *waiting)} == {1}
    assert stack.audit() == []


def lose_in_flight(stack, *orders) -> None:
    """All messages in flight exceed every timeout, and the broker loses the e-mails: recovery sends these again."""

    def sent_again() -> bool:
        with stack.db():
            mails = Message.objects.using(stack.alias).filter(task="orders.send_email", sends=2)
            return mails.filter(subject__in=[order["number"] for order in orders]).count() == len(orders)

    url = stack.broker.url
    with Connection(url, transport_options=transport_options(url, visibility=60)) as connection:
        connection.channel().queue_purge("notifications")
    with stack.db():
        Message.objects.using(stack.alias).filter(state=State.SENT).update(sent_at=timezone.now() - LONG_AGO)
    stack.wait_for(sent_again, what="recovery has sent the e-mails again")


def test_commands_of_celery_hold_up_no_orders(stack):
    """Whoever reaches the broker can send them, and nobody would notice until orders wait."""
    for command, answer in (
        (("cancel_consumer", "shipping"), "no longer consuming from shipping"),
        (("rate_limit", "payments.charge_payment", "1/h"), "KeyError"),
        (("pool_shrink", "9"), "KeyError"),
    ):
        done = stack.python("-m", "celery", "-A", "config", "control", *command)
        assert answer in done.stdout, done.stdout + done.stderr
    stack.wait_status(stack.order(), "shipped", "delivered")
