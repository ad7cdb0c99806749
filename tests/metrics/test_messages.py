"""What is counted about messages: once each, after the commit, under names that the project declares."""

import json
import os
import subprocess
import sys
import uuid
from datetime import timedelta

import pytest
from celery import current_app
from django.db import transaction
from django.utils import timezone

from messaging import circuit_breaker, simulated_outages, transitions
from messaging.hooks import observers
from messaging.models import Circuit, Message, State
from messaging.payloads import registered_payloads
from messaging.relay.publish import Outcome
from messaging.telemetry import messages
from messaging.telemetry.store import VARIABLE
from messaging.topology import topology
from messaging.transitions.failure import synthetic_failure
from messaging.worker.task import ReliableTask
from orders.models import Order, Status
from payments.gateways.simulated import NAME
from shop.health import order_metrics
from tests.delivery import claim_task, deliver_all
from tests.factories import place
from tests.messaging.deliver import claim_due, deliver, hand_over, send
from tests.metrics.samples import difference
from tests.stack.program import PROJECT

pytestmark = pytest.mark.django_db(transaction=True)
CHARGE = "payments.charge_payment"


@pytest.fixture
def charge() -> Message:
    """The charge of a new order."""
    place()
    return Message.objects.get(task=CHARGE)


def test_the_shop_observes_messages_once():
    messages.connect()
    assert sum(isinstance(each, messages.MessageMetrics) for each in observers._OBSERVERS) == 1


def test_only_confirmed_publications_are_sent(charge):
    (claimed,) = (each for each in claim_due() if each.pk == charge.pk)
    with difference() as found:
        observers.published([claimed], Outcome(unroutable={claimed.pk}), seconds=0.1)
        observers.published([claimed], Outcome(confirmed={claimed.pk}), seconds=0.1)
    assert found.of("conveyor_messages_sent_total", queue="payments", task="payments.charge_payment") == 1


def test_a_message_is_done_once_however_often_it_is_delivered(charge):
    message = send(charge)
    with difference() as found:
        hand_over(message)
        hand_over(message, redelivered=True)
    assert found.of("conveyor_messages_done_total", queue="payments", task="payments.charge_payment") == 1
    assert found.of("conveyor_message_working_seconds_count", task="payments.charge_payment") == 2
    assert found.of("conveyor_message_waiting_seconds_count", queue="payments") == 1, "not of the redelivery"


def test_waiting_counts_from_the_time_at_which_the_message_was_due(charge):
    Message.objects.filter(pk=charge.pk).update(available_at=timezone.now() - timedelta(seconds=45))
    with difference() as found:
        deliver(charge)
    assert 45 <= found.of("conveyor_message_waiting_seconds_sum", queue="payments") < 60
    assert found.of("conveyor_message_waiting_seconds_bucket", queue="payments", le="30.0") == 0
    assert found.of("conveyor_message_waiting_seconds_bucket", queue="payments", le="60.0") == 1


@pytest.mark.parametrize("due_at", [None, "x", float("nan"), float("inf"), [], -1e300, 1e300])
def test_a_due_time_that_is_none_breaks_nothing(charge, due_at):
    message = send(charge)
    headers = {"conveyor": {"sends": 1, "version": 1, "correlation_id": str(message.correlation_id), "due_at": due_at}}
    with difference() as found:
        hand_over(message, **headers)
    assert found.of("conveyor_messages_done_total") == 1
    assert found.of("conveyor_message_waiting_seconds_count") == 0


def test_retries_and_deaths_are_counted_after_the_commit(charge):
    message, failure = send(charge), synthetic_failure("Flaky", "no answer", task=charge.task)

    def fail(*, limit: int) -> None:
        transitions.reschedule(message_id=message.pk, sends=message.sends, failure=failure, delay=0, limit=limit)

    with difference() as found, transaction.atomic():
        fail(limit=5)
        transaction.set_rollback(True)
    assert found.of("conveyor_messages_retried_total") == 0, "it was rolled back"
    with difference() as found:
        fail(limit=5)
    assert found.of("conveyor_messages_retried_total", queue="payments", task=charge.task) == 1
    message = send(Message.objects.get(pk=message.pk))
    with difference() as found:
        transitions.bury(message_id=message.pk, sends=message.sends, failure=failure)
    assert found.of("conveyor_messages_dead_total", queue="payments", task=charge.task) == 1
    assert found.of("conveyor_messages_retried_total") == 0, "there is no other attempt"


def test_names_from_outside_do_not_become_labels():
    failure = synthetic_failure("UnknownTask", "nobody knows it", task="evil.task")
    with difference() as found:
        transitions.file_stray(message_id=uuid.uuid4(), failure=failure, queue="evil", task="evil.task")
    assert found.of("conveyor_messages_dead_total", queue="other", task="other") == 1
    assert messages.circuit_label("evil") == "other"


def test_an_outage_opens_a_circuit_once_and_each_refused_run_is_counted():
    for _ in range(6):
        place()
    charges = list(Message.objects.filter(task=CHARGE))
    simulated_outages.begin(name=NAME, seconds=600)
    try:
        with difference() as found:
            for message in charges:
                hand_over(claim_task(task=CHARGE, pk=message.pk))
            Circuit.objects.update(probe_at=timezone.now() - timedelta(seconds=1))
            hand_over(claim_task(task=CHARGE, pk=charges[-1].pk))  # the probe fails
    finally:
        simulated_outages.end(name=NAME)
    assert found.of("conveyor_circuit_opened_total", circuit=NAME) == 1
    assert found.of("conveyor_circuit_refused_total", circuit=NAME) == 4
    assert found.of("conveyor_messages_retried_total", task=CHARGE) == 3
    assert found.of("conveyor_messages_done_total", task=CHARGE) == 0


def test_messages_are_done_while_nothing_can_be_counted(charge, monkeypatch):
    def fail(*labels: str) -> None:
        raise OSError("no space left")

    for metric in (messages.WAITING, messages.WORKING, messages.DONE, order_metrics.SHIPPING, order_metrics.PLACED):
        monkeypatch.setattr(metric, "labels", fail)
    assert deliver(charge).state == State.DONE
    place()
    deliver_all()
    assert set(Order.objects.values_list("status", flat=True)) == {Status.DELIVERED}


def tasks_of_the_shop() -> set[str]:
    """Without those that other tests declare."""
    payloads = {name: payload.__module__.split(".") for name, payload in registered_payloads().items()}
    loaded = (name for name, task in current_app.tasks.items() if isinstance(task, ReliableTask))
    return {name for name in loaded if "tests" not in payloads.get(name, ["tests"])}


def test_counters_start_at_zero_so_that_the_first_dead_letter_is_an_increase():
    """As a relay starts: it loads no tasks. Histograms are left out, and so is what nobody declares."""
    code = (
        "import json, django; django.setup(); from tests.metrics.samples import counted; "
        "import sys; "
        "print(json.dumps([[name, dict(labels), value] for (name, labels), value in counted().items()])); "
        "assert 'orders.tasks' not in sys.modules"
    )
    env = {name: value for name, value in os.environ.items() if name != VARIABLE}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=True)
    samples = [(name, having) for name, having, value in json.loads(done.stdout) if value == 0]

    def started(metric: str, label: str) -> set[str]:
        return {having[label] for name, having in samples if name == metric}

    for outcome in ("sent", "done", "retried"):
        assert started(f"conveyor_messages_{outcome}_total", "task") == tasks_of_the_shop()
    assert started("conveyor_messages_dead_total", "task") == {*tasks_of_the_shop(), "other"}
    assert {*topology().queues, "other"} == started("conveyor_messages_dead_total", "queue")
    for outcome in ("opened", "refused"):
        circuits = started(f"conveyor_circuit_{outcome}_total", "circuit")
        assert {NAME, "carrier.swiftpost", "other"} <= circuits <= {*circuit_breaker.labels(), "other"}
    assert {"queue": "payments", "task": CHARGE} in [h for name, h in samples if name.endswith("_dead_total")]
    assert not started("conveyor_message_working_seconds_count", "task")


def test_a_relay_knows_every_task_of_the_shop_without_loading_them():
    code = "import django; django.setup(); from messaging.telemetry.messages import task_label as known; "
    tasks = sorted(tasks_of_the_shop())
    code += f"print([name for name in {tasks} if known(name) != name])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert len(tasks) > 20
    assert done.stdout.strip() == "[]"
