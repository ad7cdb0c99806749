"""Broker, worker and database failures: every order completes, and nothing happens twice."""

from dataclasses import replace
from urllib.parse import urlsplit

import psutil
import pytest

from messaging import simulated_outages
from messaging.models import State
from payments.gateways.simulated import LATENCY
from tests.chaos.experiment import experiments
from tests.chaos.faults import FAULTS
from tests.chaos.grounds import EMBEDDED, PRODUCTION, Ground
from tests.patience import PATIENCE
from tests.stack import PATIENT, Stack
from tests.stack.orders import assert_once, count_messages, place, wait_finished

#: What a dead worker or a broker loses is sent again after as many seconds.
IMPATIENT = {"CONVEYOR_VISIBILITY": "8"}
CHARGE = "payments.charge_payment"
#: What `make chaos` does in full.
SHORT = {
    EMBEDDED: ("Valkey hung", "Valkey wiped", "every process killed"),
    PRODUCTION: ("RabbitMQ killed", "PostgreSQL sessions ended", "payments worker killed"),
}


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.parametrize("ground", SHORT, ids=lambda ground: f"own {ground.backend}")
def test_faults_lose_and_double_nothing_and_an_outage_spends_no_attempt(ground: Ground, django_db_blocker):
    faults = [replace(one, limit=PATIENCE) for one in FAULTS if one.ground is ground and one.name in SHORT[ground]]
    assert len(faults) == len(SHORT[ground])
    results = experiments(ground, faults, seeds=[1], blocker=django_db_blocker)
    findings = {result.fault.name: (result.findings, result.tails) for result in results if result.findings}
    assert findings == {}


def connected(program, port: int) -> list[int]:
    """Processes of `program` with a connection to the broker's port."""
    main = psutil.Process(program.pid)
    return [
        process.pid
        for process in (main, *main.children(recursive=True))
        if any(link.raddr and link.raddr.port == port for link in process.net_connections("tcp"))
    ]


def active(stack: Stack) -> str:
    """What the workers say that they run."""
    return stack.python("-m", "celery", "-A", "config", "inspect", "active", "--timeout", "5").stdout


def test_checkout_needs_no_broker_and_orders_complete_afterwards(make_stack):
    stack = make_stack(beat=False, env=IMPATIENT)
    port = urlsplit(stack.broker.url).port
    numbers = place(stack, 3)
    stack.wait_for(lambda: connected(stack.relays[0], port), what="the relay's connection is seen")
    stack.broker.stop()
    numbers += place(stack, 15)
    stack.broker.start()
    numbers += place(stack, 15)
    assert not connected(stack.web, port), "checkout never asks the broker"
    wait_finished(stack, numbers)
    assert_once(stack, numbers)


def test_a_worker_that_is_stopped_returns_its_unfinished_messages(make_stack, settings):
    """The gateway answers only after the worker was stopped. Nothing but the worker can return the message."""
    env = {**PATIENT, "CONVEYOR_TASK_TIME_LIMIT": "300"}
    stack = make_stack(beat=False, workers={"payments": 1, "shipping": 1}, own_broker=False, env=env)
    settings.CONVEYOR_OUTAGES_DIR = stack.outages
    simulated_outages.begin(name=LATENCY, seconds=PATIENCE, amount=PATIENCE)
    numbers = place(stack, 1)
    worker = stack.worker("payments")
    stack.wait_for(lambda: CHARGE in active(stack), what="the task runs, no longer waits for a process")
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
