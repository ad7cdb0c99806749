"""Recovery: what neither the broker nor a worker holds is sent again, and nothing else."""

import itertools
import threading
import time
import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery import current_app
from celery.contrib.testing.worker import start_worker
from celery.signals import setup_logging
from django.db import connection
from django.utils import timezone
from kombu import Consumer

from messaging.broker import inspect
from messaging.models import Message, State
from messaging.relay import claim, dead_letters, recovery
from messaging.topology import Priority, topology
from tests.messaging.relay.helpers import QUEUE, enqueue, reject, states, take
from tests.messaging.samples import behaviour
from tests.patience import PATIENCE, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def is_amqp(settings) -> bool:
    return settings.BROKER_URL.startswith("amqp")


@pytest.fixture
def recover(publisher, monkeypatch):
    """One round of a recovery that keeps its state, 10 s after the one before; `recover.recovery` is that recovery."""
    return Rounds(publisher, monkeypatch)


class Rounds:
    def __init__(self, publisher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.recovery = recovery.Recovery()
        self._publisher, self._monkeypatch, self._now = publisher, monkeypatch, itertools.count(step=10)

    def __call__(self) -> int:
        now = float(next(self._now))
        self._monkeypatch.setattr(recovery, "time", SimpleNamespace(monotonic=lambda: now))
        return self.recovery.run(self._publisher.connection, current_app)


@pytest.fixture
def hold(publisher):
    """Receives messages and never answers, as a worker that hangs."""
    links = []

    def hold(count: int = 1) -> None:
        links.append(publisher.connection.clone(transport_options=current_app.conf.broker_transport_options))
        received: list[Any] = []
        (queue,) = (queue for queue in topology().kombu_queues() if queue.name == QUEUE)
        consumer = Consumer(links[-1], [queue], on_message=received.append, prefetch_count=count, auto_declare=False)
        consumer.consume()
        while len(received) < count:
            links[-1].drain_events(timeout=PATIENCE)

    yield hold
    for link in links:
        link.close()


def send(publisher, count: int = 1, *, ago: float = 3600, **options) -> list[Message]:
    """Publish messages, sent `ago` seconds ago according to the ledger."""
    messages = enqueue(count, **options)
    publisher.publish(claim.claim(limit=count))
    wait_for(lambda: inspect.depth(publisher.connection, QUEUE) >= count)
    age(messages, ago)
    return messages


def age(messages: list[Message], seconds: float) -> None:
    at = timezone.now() - timedelta(seconds=seconds)
    Message.objects.filter(pk__in=[m.pk for m in messages]).update(sent_at=at, available_at=at)


def taken_id(publisher) -> uuid.UUID | None:
    return dead_letters.parse(QUEUE, take(publisher.connection)).id


# -- lost messages ------------------------------------------------------------------------------------------------


def test_a_lost_message_is_sent_again_after_the_visibility_timeout(relay, settings):
    settings.CONVEYOR_VISIBILITY = 10
    (message,) = enqueue()
    claim.claim(limit=1)
    relay._chores.round()
    message.refresh_from_db()
    assert message.state == State.SENT
    Message.objects.update(sent_at=timezone.now() - timedelta(seconds=11))
    relay._chores.round()
    assert relay.turn() == 1
    message.refresh_from_db()
    assert (message.state, message.sends) == (State.SENT, 2)
    assert take(relay._publisher.connection) is not None


def test_lost_messages_become_due_in_batches_urgent_and_new_ones_first(recover):
    enqueue(2 * recovery.BATCH, priority=Priority.LOW)
    old, new = enqueue(2, priority=Priority.HIGH)
    (middle,) = enqueue(1, priority=Priority.NORMAL)
    at = timezone.now() - timedelta(hours=1)
    Message.objects.update(state=State.SENT, sends=1, sent_at=at)
    Message.objects.filter(pk=old.pk).update(sent_at=at - timedelta(hours=1))
    latest = Message.objects.filter(priority=Priority.LOW).last()
    Message.objects.filter(pk=latest.pk).update(sent_at=at + timedelta(minutes=1))
    assert recover() == recovery.BATCH
    due = list(
        Message.objects.filter(state=State.PENDING).order_by("-priority", "-sent_at").values_list("pk", flat=True)
    )
    assert due[:4] == [new.pk, old.pk, middle.pk, latest.pk]
    assert [recover(), recover(), recover()] == [recovery.BATCH, 3, 0]


def test_the_next_batch_is_read_from_the_index_without_a_sort():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's plans do not tell how much is sorted")
    enqueue(3000)
    Message.objects.update(state=State.SENT, sent_at=timezone.now() - timedelta(hours=1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messaging_message")
    rows = recovery._in_flight(QUEUE, before=timezone.now()).order_by("-priority", "-sent_at")
    plan = rows.values_list("pk", flat=True)[:100].explain()
    assert "messaging_in_flight" in plan
    assert "Sort" not in plan


def test_the_batches_of_a_finding_go_on_while_the_first_ones_are_back_at_the_broker(recover, publisher, monkeypatch):
    monkeypatch.setattr(recovery, "BATCH", 2)
    age(enqueue(5), 3600)
    Message.objects.update(state=State.SENT)
    due = []
    for _ in range(3):
        due.append(recover())
        publisher.publish(claim.claim(limit=9))
    assert due == [2, 2, 1]
    assert recover() == 0


def test_a_lost_message_is_found_behind_a_backlog(recover, publisher, settings, is_amqp):
    settings.CONVEYOR_VISIBILITY = 15
    send(publisher, 3)
    lost = taken_id(publisher)
    if is_amqp:  # which one is lost shows when the queue is empty
        assert [recover(), recover()] == [0, 0]
        assert recover.recovery.draining == frozenset()
        assert recover() == 0
        assert recover.recovery.draining == {QUEUE}
        for _ in range(2):
            Message.objects.filter(pk=taken_id(publisher)).update(state=State.DONE)
    assert recover() == 1
    assert Message.objects.get(state=State.PENDING).pk == lost
    assert recover.recovery.draining == frozenset()


def test_draining_ends_once_every_message_is_explained(recover, publisher, settings, is_amqp):
    if not is_amqp:
        pytest.skip("Redis names every message that it holds")
    settings.CONVEYOR_VISIBILITY = 15
    send(publisher, 3)
    missing = taken_id(publisher)
    assert [recover() for _ in range(3)] == [0, 0, 0]
    assert recover.recovery.draining == {QUEUE}
    Message.objects.filter(pk=missing).update(state=State.DONE)
    assert recover() == 0
    assert recover.recovery.draining == frozenset()


# -- what explains a message --------------------------------------------------------------------------------------


def test_a_message_in_its_queue_is_never_sent_again(recover, publisher, settings):
    settings.CONVEYOR_VISIBILITY = 0.5
    send(publisher, 20, ago=7 * 86_400)
    assert [recover() for _ in range(3)] == [0, 0, 0]
    assert recover.recovery.draining == frozenset()


def test_a_queue_too_long_to_be_read_explains_every_message(recover, publisher, monkeypatch):
    monkeypatch.setattr(recovery, "LONG_QUEUE", 4)
    send(publisher, 5)
    take(publisher.connection)
    send(publisher, 1)
    assert recover() == 0


def test_a_message_in_the_dead_letter_queue_is_not_lost(recover, publisher):
    send(publisher)
    reject(publisher.connection)
    wait_for(lambda: inspect.depth(publisher.connection, topology().dead(QUEUE)) == 1)
    assert recover() == 0


def test_a_message_of_a_consumer_that_hangs_is_not_sent_again(recover, publisher, hold):
    send(publisher)
    hold()
    assert [recover(), recover()] == [0, 0]


def test_a_consumer_that_never_says_what_it_holds_is_not_waited_for_for_ever(
    recover, publisher, hold, settings, is_amqp, caplog
):
    if not is_amqp:
        pytest.skip("Redis shows what its consumers hold")
    settings.CONVEYOR_VISIBILITY = 1.5
    send(publisher)
    hold()
    assert [recover(), recover(), recover()] == [0, 0, 1]
    assert "not waiting longer" in caplog.text
    age(list(Message.objects.all()), 3600)
    Message.objects.update(state=State.SENT)
    assert recover() == 0, "the bound starts over"


def test_what_a_killed_consumer_held_is_redelivered_and_not_sent_again(recover, publisher, settings, is_amqp):
    (message,) = send(publisher)
    link = publisher.connection.clone(transport_options=current_app.conf.broker_transport_options)
    link.channel().basic_get(QUEUE, no_ack=False)
    if is_amqp:
        link.close()
    else:
        with redis.Redis.from_url(settings.BROKER_URL) as client:
            (tag,) = client.zrange("unacked_index", 0, -1)
            assert recover() == 0
            assert client.hlen("unacked") == 1
            client.zadd("unacked_index", {tag: time.time() - settings.CONVEYOR_VISIBILITY - 20})
            recover()
            assert client.hlen("unacked") == client.zcard("unacked_index") == 0
    wait_for(lambda: inspect.depth(publisher.connection, QUEUE) == 1)
    assert recover() == 0
    with publisher.connection.channel() as channel:
        again = channel.basic_get(QUEUE, no_ack=True)
    assert again.delivery_info["redelivered"] or again.properties["delivery_info"]["redelivered"]
    message.refresh_from_db()
    assert message.state == State.SENT
    link.close()


def test_bytes_that_are_no_message_do_not_stop_recovery(recover, publisher, settings, is_amqp):
    if is_amqp:
        pytest.skip("RabbitMQ only counts")
    age(enqueue(), 3600)
    Message.objects.update(state=State.SENT)
    with redis.Redis.from_url(settings.BROKER_URL) as client:
        client.lpush(QUEUE, b"\xff\x00", b"[" * 100_000, b"[]", b'{"headers": {"id": 5}}', b'{"headers": null}')
        client.hset("unacked", "tag", b"[]")
    assert recover() == 1


# -- with a worker ------------------------------------------------------------------------------------------------


class Work:
    """A real worker with two threads in this process, whose tasks take as long as the test wants."""

    def __init__(self, monkeypatch) -> None:
        steps = {"messaging.worker.holdings:AnswerHoldings"}
        monkeypatch.setitem(current_app.steps, "consumer", steps)
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


# -- promotion ----------------------------------------------------------------------------------------------------


def finish(*, sent_ago: float) -> None:
    """A message of the queue, sent `sent_ago` seconds ago, has just been finished."""
    (message,) = enqueue(priority=Priority.HIGH)
    now = timezone.now()
    Message.objects.filter(pk=message.pk).update(
        state=State.DONE, sent_at=now - timedelta(seconds=sent_ago), finished_at=now
    )


def test_a_message_that_later_ones_overtake_is_made_due_again_once(recover, publisher, is_amqp):
    first, second = send(publisher, 2, ago=400)
    age([first], 500)
    finish(sent_ago=1)
    due_at = Message.objects.get(pk=first.pk).available_at
    assert recover() == 1
    first.refresh_from_db()
    assert (first.state, first.available_at) == (State.PENDING, due_at), "the claim sees how late it is"
    assert inspect.depth(publisher.connection, QUEUE) == (2 if is_amqp else 1)
    assert recover() == 1
    publisher.publish(claim.claim(limit=2))
    wait_for(lambda: inspect.depth(publisher.connection, QUEUE) >= 2)
    Message.objects.filter(state=State.SENT).update(sent_at=timezone.now() - timedelta(seconds=310))
    Message.objects.filter(state=State.SENT).update(available_at=timezone.now() - timedelta(seconds=900))
    finish(sent_ago=1)
    assert recover() == 0, "it was sent with the highest priority"
    assert second.priority < Priority.HIGH


@pytest.mark.parametrize(
    ("sent_ago", "why"),
    [(None, "nothing is finished: workers are stopped"), (450, "only earlier ones are finished: it is its turn soon")],
)
def test_a_message_that_waits_its_turn_is_not_made_due(recover, publisher, sent_ago, why):
    send(publisher, 2, ago=400)
    if sent_ago:
        finish(sent_ago=sent_ago)
    assert recover() == 0, why


def test_urgent_messages_and_those_in_work_are_not_promoted(recover, publisher, hold):
    send(publisher, 1, ago=400, priority=Priority.HIGH)
    finish(sent_ago=1)
    assert recover() == 0
    take(publisher.connection)
    Message.objects.filter(state=State.SENT).update(state=State.DONE)
    send(publisher, 1, ago=400)
    hold()
    assert recover() == 0
