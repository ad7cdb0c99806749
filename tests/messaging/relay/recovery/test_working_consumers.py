"""Recovery beside a real worker: what waits for it or is in work is sent once."""

import threading

import pytest
from celery import current_app
from celery.contrib.testing.worker import start_worker
from celery.signals import setup_logging
from celery.worker import state
from django.db import connection

from messaging.models import Message, State
from messaging.relay import claim
from tests.messaging.relay.helpers import enqueue, states
from tests.messaging.relay.recovery.helpers import age
from tests.messaging.samples import behaviour
from tests.patience import PATIENCE, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


class Work:
    """A real worker with two threads in this process, whose tasks take as long as the test wants."""

    def __init__(self, monkeypatch) -> None:
        monkeypatch.setitem(current_app.steps, "consumer", set())
        self.started, self._permits = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, task, payload) -> None:
        self.started.release()
        try:
            assert self._permits.acquire(timeout=PATIENCE)
            with task.complete():
                pass
        finally:
            connection.close()

    def let(self, count: int) -> None:
        for _ in range(count):
            self._permits.release()

    def begun(self, count: int) -> None:
        for _ in range(count):
            assert self.started.acquire(timeout=PATIENCE)


@pytest.fixture
def work(publisher, monkeypatch):
    made = Work(monkeypatch)
    behaviour.update({str(number): made for number in range(20)})
    app = current_app._get_current_object()
    setup_logging.connect(_keep_logging)
    try:
        with start_worker(app, pool="threads", concurrency=2, perform_ping_check=False, shutdown_timeout=PATIENCE):
            yield made
            made.let(100)
            state.should_terminate = 0
            app.control.broadcast("ping")  # an idle worker looks whether it is to stop after its next event
    finally:
        setup_logging.disconnect(_keep_logging)
        behaviour.clear()


def _keep_logging(**options) -> None:
    """With a receiver of its signal, Celery leaves the test run's logging as it is."""


def test_a_healthy_backlog_of_slow_tasks_is_sent_once(recover, publisher, work, settings):
    settings.CONVEYOR_VISIBILITY = 15
    messages = enqueue(8)
    publisher.publish(claim.claim(limit=8))
    age(messages, 3600)
    for _ in range(4):
        work.begun(2)
        assert recover() == 0
        work.let(2)
    wait_for(lambda: states() == {State.DONE})
    assert set(Message.objects.values_list("sends", "attempts")) == {(1, 0)}
    assert recover.recovery.draining == frozenset()


def test_a_message_lost_beside_one_in_work_is_sent_again_alone(recover, publisher, work):
    messages = enqueue(1)
    publisher.publish(claim.claim(limit=1))
    work.begun(1)
    (lost,) = enqueue(1)
    Message.objects.update(state=State.SENT)
    age([*messages, lost], 3600)
    assert recover() == 1
    lost.refresh_from_db()
    assert lost.state == State.PENDING
    work.let(1)
    wait_for(lambda: states() == {State.DONE, State.PENDING})
