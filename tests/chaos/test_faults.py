"""Broker, worker and database failures: every order completes, and nothing happens twice."""

import signal
from urllib.parse import urlsplit

import psutil

from messaging import simulated_outages
from messaging.models import Message, State
from payments.gateways.simulated import LATENCY
from payments.models import GatewayCharge, Payment
from tests.patience import PATIENCE
from tests.stack import PATIENT
from tests.stack.orders import assert_once, count_messages, place, wait_finished

#: What a dead worker or a broker loses is sent again after as many seconds.
IMPATIENT = {"CONVEYOR_VISIBILITY": "8"}
CHARGE = "payments.charge_payment"


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
    stack.wait_for(
        lambda: count_messages(stack, CHARGE, numbers, state=State.SENT) == 20, what="all messages are in flight"
    )
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
        kill(victim)
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


def kill(victim) -> None:
    victim.kill()
    assert victim.returncode == -signal.SIGKILL, "it ran until now"


def test_a_worker_killed_between_charge_and_capture_charges_once(make_stack):
    """The first replies are lost, so that a whole second request, of as many seconds, lies between the two."""
    env = {**IMPATIENT, "CONVEYOR_GATEWAY_LATENCY": "3"}
    stack = make_stack(beat=False, env=env, workers={"payments": 3, "shipping": 1})
    numbers = place(stack, 3, payment_method="pm_lost_reply")

    def charged_and_captured() -> tuple[int, int]:
        with stack.db() as alias:
            captured = Payment.objects.using(alias).filter(status="captured")
            return GatewayCharge.objects.using(alias).count(), captured.count()

    stack.wait_for(lambda: charged_and_captured()[0] == 3, what="all are charged")
    kill(stack.worker("payments"))
    assert charged_and_captured() == (3, 0)
    stack.worker("payments").start()
    wait_finished(stack, numbers)
    assert charged_and_captured() == (3, 3), "no second charge under another key"
    assert_once(stack, numbers)


def test_a_worker_that_is_stopped_returns_its_unfinished_messages(make_stack, settings):
    """The gateway answers only after the worker was stopped. Nothing but the worker can return the message."""
    env = {**PATIENT, "CONVEYOR_TASK_TIME_LIMIT": "300"}
    stack = make_stack(beat=False, workers={"payments": 1, "shipping": 1}, own_broker=False, env=env)
    settings.CONVEYOR_OUTAGES_DIR = stack.outages
    simulated_outages.begin(name=LATENCY, seconds=PATIENCE, amount=PATIENCE)
    numbers = place(stack, 1)
    worker = stack.worker("payments")
    stack.wait_for(lambda: " received" in worker.text(), what="the worker has the message")
    assert worker.stop() == 0
    assert count_messages(stack, CHARGE, numbers, state=State.SENT) == 1
    simulated_outages.end(name=LATENCY)
    worker.start()
    wait_finished(stack, numbers)
    assert count_messages(stack, CHARGE, numbers, sends=1) == 1
    assert_once(stack, numbers)


def test_a_database_outage_during_a_task_loses_nothing_and_spends_no_attempt(make_stack):
    """The outage begins while the gateway is asked, and lasts until the worker has noticed it."""
    env = {**PATIENT, "CONVEYOR_GATEWAY_LATENCY": "4", "CONVEYOR_TASK_TIME_LIMIT": "60"}
    stack = make_stack(beat=False, own_broker=False, env=env, workers={"payments": 1, "shipping": 1})
    numbers = place(stack, 1)
    worker = stack.worker("payments")
    stack.wait_for(lambda: " received" in worker.text(), what="the task has begun")
    with stack.database.unreachable():
        stack.wait_for(lambda: "given back without an attempt" in worker.text(), what="the task has met the outage")
    wait_finished(stack, numbers)
    assert count_messages(stack, CHARGE, numbers, attempts=0) == 1
    assert_once(stack, numbers)
