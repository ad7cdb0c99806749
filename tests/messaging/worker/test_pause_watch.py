"""Pause watch: workers cancel paused queues and resume them, whatever happens to their connections."""

import os
import threading
from types import SimpleNamespace
from typing import ClassVar

import pytest
from django.db import OperationalError, connection

from messaging import pauses
from messaging.operations import actions
from messaging.worker import outage
from messaging.worker.pause_watch import ApplyPauses, PauseReader
from tests.messaging.test_pauses import ANN, QUEUE, pause
from tests.patience import PATIENCE, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


class Queues:
    def __init__(self, *names: str) -> None:
        self.consume_from = dict.fromkeys(names)


class Timer:
    """Celery's timer; a test makes the repeated call itself."""

    def call_repeatedly(self, every, call, arguments):
        self.tick = lambda: call(*arguments)
        self.canceled = False
        return self

    def cancel(self) -> None:
        self.canceled = True


class Consumer:
    """The parts of a worker's consumer that the step uses."""

    refused: ClassVar[dict[str, Exception]] = {}

    def __init__(self, *queues: str) -> None:
        self.app = type("App", (), {"amqp": type("Amqp", (), {"queues": Queues(*queues)})})
        self.timer = Timer()
        self.consumed = set(queues)

    @property
    def task_consumer(self) -> SimpleNamespace:
        return SimpleNamespace(queues=[SimpleNamespace(name=name) for name in self.consumed])

    def look(self) -> None:
        """Nothing is refused anew."""

    def add_task_queue(self, queue: str) -> None:
        self.consumed.add(queue)

    def cancel_task_queue(self, queue: str) -> None:
        self.consumed.remove(queue)


@pytest.fixture
def reader():
    """A reader that reads on demand only."""
    return PauseReader(every=3600)


@pytest.fixture
def step_for(reader):
    def step_for(consumer: Consumer) -> ApplyPauses:
        step = ApplyPauses(consumer)
        step._reader = reader
        reader.read()
        return step

    return step_for


def test_a_worker_starts_without_paused_queues(step_for):
    pause()
    consumer = Consumer("payments", QUEUE)
    step_for(consumer).start(consumer)
    assert consumer.consumed == {"payments"}


def test_a_running_worker_cancels_and_resumes_queues(step_for, reader):
    consumer = Consumer("payments", QUEUE)
    step = step_for(consumer)
    step.start(consumer)
    assert consumer.consumed == {"payments", QUEUE}
    pause()
    pause("shipping")
    reader.read()
    consumer.timer.tick()
    consumer.timer.tick()
    assert consumer.consumed == {"payments"}
    actions.resume(queue=QUEUE, actor=ANN)
    reader.read()
    consumer.timer.tick()
    assert consumer.consumed == {"payments", QUEUE}, "not shipping, which it never consumed"
    step.terminate(consumer)
    assert consumer.timer.canceled


def test_a_queue_that_is_not_paused_is_consumed_again_whoever_cancelled_it(step_for):
    """Whoever reaches the broker can send Celery's control command."""
    consumer = Consumer("payments", QUEUE)
    step_for(consumer).start(consumer)
    consumer.cancel_task_queue(QUEUE)
    consumer.timer.tick()
    assert consumer.consumed == {"payments", QUEUE}


def test_a_queue_stays_paused_across_a_reconnect(step_for, reader):
    pause()
    consumer = Consumer(QUEUE)
    step = step_for(consumer)
    step.start(consumer)
    step.stop(consumer)
    step.start(consumer)
    assert consumer.consumed == set()
    actions.resume(queue=QUEUE, actor=ANN)
    reader.read()
    consumer.timer.tick()
    assert consumer.consumed == {QUEUE}


def test_a_worker_consumes_nothing_while_the_database_is_away(step_for, reader, monkeypatch):
    def broken() -> frozenset[str]:
        raise OperationalError("the database is gone")

    with monkeypatch.context() as patch:
        patch.setattr(pauses, "paused", broken)
        consumer = Consumer(QUEUE)
        step_for(consumer).start(consumer)
        assert consumer.consumed == set()
    reader.read()
    consumer.timer.tick()
    assert consumer.consumed == {QUEUE}
    with monkeypatch.context() as patch:
        patch.setattr(pauses, "paused", broken)
        reader.read()
        consumer.timer.tick()
    assert consumer.consumed == set()
    reader.read()
    consumer.timer.tick()
    assert consumer.consumed == {QUEUE}


def test_a_read_that_hangs_counts_as_an_outage_and_ends_with_it(step_for, reader, monkeypatch):
    consumer = Consumer(QUEUE)
    step_for(consumer).start(consumer)
    monkeypatch.setattr(outage, "LONGEST_READ", 0.0)
    outage.watch.begin()
    consumer.timer.tick()
    assert consumer.consumed == set()
    reader.read()
    consumer.timer.tick()
    assert consumer.consumed == {QUEUE}


def test_a_tick_asks_for_the_pauses_once(step_for, reader):
    """A result that changed between two questions left a queue consumed that counted as cancelled."""
    consumer = Consumer("payments", QUEUE)
    step = step_for(consumer)
    step.start(consumer)
    answers = iter([frozenset({QUEUE}), frozenset()])
    step._reader = type("Reader", (), {"paused": property(lambda self: next(answers))})()
    consumer.timer.tick()
    assert consumer.consumed == {"payments"}
    consumer.timer.tick()
    assert consumer.consumed == {"payments", QUEUE}


@pytest.mark.parametrize("error", [RuntimeError("any"), OperationalError("gone"), MemoryError()])
def test_no_error_ends_the_reader(reader, monkeypatch, error):
    def broken() -> frozenset[str]:
        raise error

    monkeypatch.setattr(pauses, "paused", broken)
    reader.read()
    assert reader.paused is None


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_no_process_is_forked_while_the_reader_is_inside_sqlite(reader, monkeypatch):
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite has locks that a fork copies")
    reading, may_end, forked = threading.Event(), threading.Event(), threading.Event()

    def read_slowly() -> frozenset[str]:
        reading.set()
        assert may_end.wait(PATIENCE)
        return frozenset()

    def fork() -> None:
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        forked.set()

    monkeypatch.setattr(pauses, "paused", read_slowly)
    threads = [threading.Thread(target=work, daemon=True) for work in (reader.read, fork)]
    threads[0].start()
    try:
        assert reading.wait(PATIENCE)
        threads[1].start()
        assert not forked.wait(0.5)
    finally:
        may_end.set()
    assert forked.wait(PATIENCE)
    for thread in threads:
        thread.join(PATIENCE)


def test_the_reader_reads_repeatedly_in_its_own_thread():
    pause()
    reader = PauseReader(every=0.01)
    reader.start()
    try:
        assert reader.has_read.wait(PATIENCE)
        assert reader.paused == {QUEUE}
        actions.resume(queue=QUEUE, actor=ANN)
        wait_for(lambda: reader.paused == frozenset())
    finally:
        reader.stop()
        reader.join(PATIENCE)


def test_an_outage_of_the_database_is_one_line_of_the_log_however_long_it_lasts(reader, monkeypatch, caplog):
    """The second read and every later one fail, until the outage is over; the next outage is another line."""
    for outages in (1, 2):
        with monkeypatch.context() as away:
            away.setattr(pauses, "paused", raise_outage)
            for _ in range(5):
                reader.read()
        assert caplog.text.count("cannot read queue pauses: the server closed the connection") == outages
        reader.read()
        assert reader.paused is not None


def raise_outage() -> None:
    raise OperationalError("the server closed the connection")
