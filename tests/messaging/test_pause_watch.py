"""Does a worker stop consuming what is paused, and go on with it, whatever happens to its connections?"""

import threading

import pytest
from django.db import OperationalError

from messaging import pauses
from messaging.operations import actions
from messaging.worker.pause_watch import HonourPauses, Watch
from tests.messaging.test_pauses import ANN, QUEUE, pause

pytestmark = pytest.mark.django_db(transaction=True)


class Queues:
    def __init__(self, *names: str) -> None:
        self.consume_from = dict.fromkeys(names)


class Timer:
    """Celery's, whose repeated call a test makes itself."""

    def call_repeatedly(self, every, call, arguments):
        self.tick = lambda: call(*arguments)
        self.canceled = False
        return self

    def cancel(self) -> None:
        self.canceled = True


class Consumer:
    """A worker's consumer as far as the step knows it."""

    def __init__(self, *queues: str) -> None:
        self.app = type("App", (), {"amqp": type("Amqp", (), {"queues": Queues(*queues)})})
        self.timer = Timer()
        self.consumed = set(queues)

    def add_task_queue(self, queue: str) -> None:
        self.consumed.add(queue)

    def cancel_task_queue(self, queue: str) -> None:
        self.consumed.remove(queue)


@pytest.fixture
def watch():
    """A watch that looks when it is told to."""
    return Watch(every=3600)


@pytest.fixture
def step_for(watch):
    steps = []

    def step_for(consumer: Consumer) -> HonourPauses:
        step = HonourPauses(consumer)
        step._watch = watch
        steps.append(step)
        watch._look()
        watch._looked.set()
        return step

    return step_for


def test_a_worker_starts_without_the_queues_that_are_paused(step_for):
    pause()
    consumer = Consumer("payments", QUEUE)
    step_for(consumer).start(consumer)
    assert consumer.consumed == {"payments"}


def test_a_worker_stops_and_goes_on_while_it_runs(step_for, watch):
    consumer = Consumer("payments", QUEUE)
    step = step_for(consumer)
    step.start(consumer)
    assert consumer.consumed == {"payments", QUEUE}
    pause()
    pause("shipping")
    watch._look()
    consumer.timer.tick()
    consumer.timer.tick()
    assert consumer.consumed == {"payments"}
    actions.resume(queue=QUEUE, actor=ANN)
    watch._look()
    consumer.timer.tick()
    assert consumer.consumed == {"payments", QUEUE}, "and not shipping, which it never consumed"
    step.terminate(consumer)
    assert consumer.timer.canceled


def test_a_worker_stays_paused_over_a_lost_connection(step_for, watch):
    pause()
    consumer = Consumer(QUEUE)
    step = step_for(consumer)
    step.start(consumer)
    step.stop(consumer)
    step.start(consumer)
    assert consumer.consumed == set()
    actions.resume(queue=QUEUE, actor=ANN)
    watch._look()
    consumer.timer.tick()
    assert consumer.consumed == {QUEUE}


def test_a_worker_that_cannot_read_the_pauses_waits_until_it_can(step_for, watch, monkeypatch):
    def broken() -> frozenset[str]:
        raise OperationalError("the database is gone")

    with monkeypatch.context() as patch:
        patch.setattr(pauses, "paused", broken)
        consumer = Consumer(QUEUE)
        step_for(consumer).start(consumer)
        assert consumer.consumed == set()
    watch._look()
    consumer.timer.tick()
    assert consumer.consumed == {QUEUE}
    with monkeypatch.context() as patch:
        patch.setattr(pauses, "paused", broken)
        watch._look()
        consumer.timer.tick()
    assert consumer.consumed == {QUEUE}, "what was read last holds"


def test_the_watch_looks_again_and_again_in_its_own_thread():
    pause()
    watch = Watch(every=0.01)
    watch.start()
    watch.wait(5)
    assert watch.paused == {QUEUE}
    actions.resume(queue=QUEUE, actor=ANN)
    for _ in range(500):
        if watch.paused == frozenset():
            break
        threading.Event().wait(0.01)
    assert watch.paused == frozenset()
    watch.end()
    watch.join(5)
