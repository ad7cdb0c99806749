"""Does every due row reach the broker, does nothing get lost between, and do dead letters come back?"""

import json
import threading
import time
import uuid
from datetime import timedelta

import pytest
import redis
from celery import current_app
from django.db import OperationalError, connection
from django.utils import timezone
from kombu import Producer

from messaging import outbox
from messaging.broker import inspect
from messaging.models import Message, State
from messaging.relay import claim, dead_letters, publish, recovery, wakeup
from messaging.relay.loop import Pace, Relay
from messaging.topology import Priority, topology
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)
QUEUE = "maintenance"


@pytest.fixture
def publisher(broker):
    made = publish.connect(current_app)
    yield made
    made.close()


@pytest.fixture
def relay(broker):
    made = Relay(current_app, Pace(nap=0.01, chores_every=0, first_backoff=0.01, longest_backoff=0.02))
    yield made
    made.stop()
    made._hang_up()


def enqueue(count: int = 1, **options) -> list[Message]:
    with outbox.transaction():
        return [outbox.enqueue(Sample(text=str(n)), **options) for n in range(count)]


def take(connection, queue: str = QUEUE):
    with connection.channel() as channel:
        return channel.basic_get(queue, no_ack=True)


def states() -> set[str]:
    return set(Message.objects.values_list("state", flat=True))


def test_a_due_row_becomes_a_celery_message(relay):
    (message,) = enqueue(priority=Priority.HIGH, subject="CV-1")
    assert relay.turn() == 1
    raw = take(relay._publisher.connection)
    args, kwargs, _ = json.loads(raw.body)
    assert (args, kwargs) == ([], {"text": "0"})
    headers = dead_letters.read(QUEUE, raw).headers
    assert (headers["id"], headers["task"], headers["retries"]) == (str(message.pk), "tests.sample", 0)
    assert headers["conveyor"]["sends"] == 1
    assert headers["traceparent"] == message.traceparent
    message.refresh_from_db()
    assert (message.state, message.sends) == (State.SENT, 1)
    assert message.sent_at is not None


def test_a_row_that_is_not_due_is_not_sent(relay):
    enqueue(delay=60)
    assert relay.turn() == 0
    assert states() == {State.PENDING}


def test_the_most_urgent_is_taken_first_by_relay_and_broker(relay):
    for priority in (Priority.LOW, Priority.NORMAL, Priority.HIGH):
        enqueue(3, priority=priority)
    assert [m.priority for m in claim.claim(limit=3)] == [9, 9, 9]
    Message.objects.update(state=State.PENDING)
    relay.turn()
    connection = relay._publisher.connection
    taken = [dead_letters.read(QUEUE, take(connection)).headers["id"] for _ in range(9)]
    priorities = dict(Message.objects.values_list("pk", "priority"))
    order = [priorities[uuid.UUID(id_)] for id_ in taken]
    assert sorted(order, reverse=True) == [9, 9, 9, 5, 5, 5, 1, 1, 1]
    if connection.as_uri().startswith("redis"):
        assert order == sorted(order, reverse=True)


def test_several_relays_send_each_row_once(broker):
    enqueue(300)
    relays = [Relay(current_app, Pace(batch=20, nap=0.01, gather=0)) for _ in range(4)]

    def work(relay: Relay) -> None:
        try:
            relay.run()
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(relay,)) for relay in relays]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 30
    while Message.objects.filter(state=State.PENDING).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    for relay in relays:
        relay.stop()
    for thread in threads:
        thread.join(30)
    with current_app.connection_for_read() as link:
        assert inspect.depth(link, QUEUE) == 300
    assert set(Message.objects.values_list("sends", flat=True)) == {1}


def test_what_the_broker_refuses_waits_and_is_sent_later(relay, monkeypatch):
    first, _ = enqueue(2)
    relay.turn()
    Message.objects.filter(pk=first.pk).update(state=State.PENDING, available_at=timezone.now())
    monkeypatch.setattr(type(relay._publisher), "publish", lambda self, batch: set())
    assert relay.turn() == 0
    first.refresh_from_db()
    assert first.state == State.PENDING
    assert first.available_at > timezone.now() - timedelta(seconds=1)


def test_an_unroutable_message_is_not_lost(relay):
    (message,) = enqueue()
    Message.objects.update(routing_key="nowhere.go.low")
    assert relay.turn() == 0
    message.refresh_from_db()
    assert message.state == State.PENDING


def test_a_connection_that_breaks_while_publishing_gives_everything_back(relay, monkeypatch):
    enqueue(5)
    relay.turn()
    Message.objects.update(state=State.PENDING, available_at=timezone.now())

    def broken(self, batch):
        raise ConnectionResetError("gone")

    monkeypatch.setattr(type(relay._publisher), "publish", broken)
    with pytest.raises(ConnectionResetError):
        relay.turn()
    assert states() == {State.PENDING}


def test_what_was_answered_meanwhile_is_not_given_back():
    (message,) = enqueue()
    claim.claim(limit=1)
    Message.objects.update(state=State.DONE)
    assert claim.give_back([message.pk], delay=0) == 0
    assert states() == {State.DONE}


@pytest.mark.parametrize("error", [ConnectionRefusedError("no"), OperationalError("database is locked")])
def test_trouble_is_told_once_and_does_not_end_the_relay(broker, monkeypatch, caplog, error):
    caplog.set_level("INFO")
    relay = Relay(current_app, Pace(nap=0.01, first_backoff=0.01, longest_backoff=0.02))
    turns = iter([error, error, error, 0, StopIteration])

    def turn(self):
        result = next(turns)
        if result is StopIteration:
            self.stop()
            return 0
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(Relay, "turn", turn)
    relay.run()
    what = "broker" if isinstance(error, OSError) else "database"
    told = [record.message for record in caplog.records if what in record.message and "ready" not in record.message]
    assert [("cannot reach" in text, "again" in text) for text in told] == [(True, False), (False, True)]


def test_a_message_that_the_broker_lost_is_sent_again_after_the_window(relay, settings):
    settings.CONVEYOR_VISIBILITY = 10
    (message,) = enqueue()
    claim.claim(limit=1)
    relay.turn()
    message.refresh_from_db()
    assert message.state == State.SENT
    Message.objects.update(sent_at=timezone.now() - timedelta(seconds=11))
    assert relay.turn() == 1
    message.refresh_from_db()
    assert (message.state, message.sends) == (State.SENT, 2)
    assert take(relay._publisher.connection) is not None


def test_a_message_that_waits_in_its_queue_is_left_there(relay, settings):
    settings.CONVEYOR_VISIBILITY = 10
    enqueue(3)
    relay.turn()
    Message.objects.update(sent_at=timezone.now() - timedelta(seconds=11))
    assert relay.turn() == 0
    assert set(Message.objects.values_list("sends", flat=True)) == {1}
    Message.objects.update(sent_at=timezone.now() - timedelta(seconds=10 * recovery.HOPELESS_WINDOWS + 1))
    assert relay.turn() == 3


def send_raw(
    link, body, *, headers=None, content_type="application/json", routing_key="maintenance.sample.low"
) -> None:
    Producer(link.channel(), auto_declare=False).publish(
        body, exchange=topology().exchange, routing_key=routing_key, content_type=content_type,
        content_encoding="utf-8", headers=headers or {},
    )  # fmt: skip


def reject(link, queue: str = QUEUE) -> None:
    """What a worker does with a message that it cannot use."""
    with link.channel() as channel:
        message = channel.basic_get(queue, no_ack=False)
        channel.basic_reject(message.delivery_tag, requeue=False)


def dead_letter(publisher, body, **options) -> None:
    send_raw(publisher.connection, body, **options)
    reject(publisher.connection)
    wait_until(lambda: inspect.depth(publisher.connection, topology().dead(QUEUE)) == 1)


def wait_until(true, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def test_junk_is_filed_with_its_bytes(publisher):
    dead_letter(publisher, b"\xff\xfe junk")
    assert dead_letters.drain(publisher.connection, current_app) == 1
    message = Message.objects.get()
    assert (message.state, message.error_type, message.queue) == (State.DEAD, "UndecodableMessage", QUEUE)
    assert bytes(message.raw_body) == b"\xff\xfe junk"
    assert dead_letters.drain(publisher.connection, current_app) == 0


def test_an_unknown_task_is_filed_with_its_payload(publisher):
    id_ = str(uuid.uuid4())
    dead_letter(publisher, json.dumps([[], {"a": 1}, {}]), headers={"task": "no.such", "id": id_})
    dead_letters.drain(publisher.connection, current_app)
    message = Message.objects.get(pk=id_)
    assert (message.error_type, message.task, message.payload) == ("UnknownTask", "no.such", {"a": 1})
    assert message.routing_key == "maintenance.sample.low"


def test_one_of_ours_that_came_back_without_a_word_is_tried_again(publisher):
    (message,) = enqueue()
    publisher.publish(claim.claim(limit=1))
    reject(publisher.connection)
    wait_until(lambda: dead_letters.drain(publisher.connection, current_app) == 1)
    message.refresh_from_db()
    assert (message.state, message.attempts, message.error_type) == (State.PENDING, 1, "WorkerGaveUp")


def test_one_of_ours_is_dead_once_its_attempts_are_spent(publisher):
    (message,) = enqueue()
    Message.objects.update(attempts=4)
    publisher.publish(claim.claim(limit=1))
    reject(publisher.connection)
    wait_until(lambda: dead_letters.drain(publisher.connection, current_app) == 1)
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.DEAD, 5)


def test_a_dead_letter_of_an_earlier_sending_changes_nothing(publisher):
    (message,) = enqueue()
    publisher.publish(claim.claim(limit=1))
    Message.objects.update(sends=2)
    reject(publisher.connection)
    wait_until(lambda: dead_letters.drain(publisher.connection, current_app) == 1)
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.SENT, 0)


def test_a_damaged_copy_of_one_of_ours_is_dead_with_both_kept(publisher):
    (message,) = enqueue()
    claim.claim(limit=1)
    headers = {"id": str(message.pk), "task": message.task, "conveyor": {"sends": 1}}
    dead_letter(publisher, "{broken", headers=headers)
    dead_letters.drain(publisher.connection, current_app)
    message.refresh_from_db()
    assert (message.state, message.error_type, message.payload) == (State.DEAD, "UndecodableMessage", {"text": "0"})
    assert bytes(message.raw_body) == b"{broken"


@pytest.mark.parametrize("headers", [{"id": "no uuid"}, {"id": 5, "task": 7}, {"conveyor": "x"}, {"x-death": []}])
def test_odd_headers_do_not_stop_the_drain(publisher, headers):
    dead_letter(publisher, "[]", headers=headers)
    dead_letters.drain(publisher.connection, current_app)
    assert Message.objects.get().state == State.DEAD


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"], ids=["NUL", "half a surrogate pair"])
def test_text_that_the_database_refuses_does_not_stop_the_relay(publisher, text):
    body = json.dumps([[], {text: text}, {}])
    dead_letter(publisher, body, headers={"task": "no.such", "id": str(uuid.uuid4())})
    assert dead_letters.drain(publisher.connection, current_app) == 1
    message = Message.objects.get()
    assert message.state == State.DEAD
    assert bytes(message.raw_body) == body.encode()


def test_raw_bytes_in_a_valkey_list_are_filed(publisher, settings):
    if not settings.BROKER_URL.startswith("redis"):
        pytest.skip("RabbitMQ has no lists to write to")
    with redis.Redis.from_url(settings.BROKER_URL) as client:
        client.lpush(QUEUE, b"\xff\x00 junk", b"[1, 2]", b'{"properties": {}}')
    for _ in range(3):
        reject(publisher.connection)
    assert dead_letters.drain(publisher.connection, current_app) == 3
    assert {bytes(m.raw_body) for m in Message.objects.all()} == {b"\xff\x00 junk", b"[1, 2]", b'{"properties": {}}'}


def test_a_message_put_back_on_valkey_says_that_it_was_redelivered(publisher):
    enqueue()
    publisher.publish(claim.claim(limit=1))
    with publisher.connection.channel() as channel:
        message = channel.basic_get(QUEUE, no_ack=False)
        channel.basic_reject(message.delivery_tag, requeue=True)
        again = channel.basic_get(QUEUE, no_ack=False)
        assert again.delivery_info["redelivered"]
        channel.basic_ack(again.delivery_tag)


def test_queues_survive_a_second_declaration_by_another_process(publisher):
    publish.connect(current_app).close()


def test_a_sleeping_relay_is_woken_by_a_commit_and_by_nothing_else():
    if connection.vendor != "postgresql":
        sleeper = wakeup.Sleeper()
        with sleeper.lying_down() as alone:
            assert not alone
        return
    sleeper, woken = wakeup.Sleeper(), []
    ready = threading.Event()

    def sleep() -> None:
        try:
            with sleeper.lying_down() as alone:
                assert alone
                ready.set()
                began = time.monotonic()
                sleeper.sleep(20)
                woken.append(time.monotonic() - began)
        finally:
            connection.close()

    thread = threading.Thread(target=sleep)
    thread.start()
    assert ready.wait(10)
    with wakeup.Sleeper().lying_down() as alone:
        assert not alone, "only one relay at a time may sleep on the lock"
    enqueue()
    thread.join(15)
    assert woken
    assert woken[0] < 10


def test_a_relay_outlives_the_end_of_its_connection_while_it_sleeps(broker):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connections to lose")
    relay = Relay(current_app, Pace(sleep=20, chores_every=3600, first_backoff=0.01))
    pids = []

    def work() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                pids.append(cursor.fetchone()[0])
            relay.run()
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        wait_until(lambda: bool(pids))
        with connection.cursor() as cursor:
            wait_until(lambda: _sleeps(cursor))
            cursor.execute("SELECT pg_terminate_backend(%s)", [pids[0]])
        enqueue()
        wait_until(lambda: states() == {State.SENT}, 15)
    finally:
        relay.stop()
        enqueue()
        thread.join(15)
    assert not thread.is_alive()


def test_a_sleeping_relay_sends_what_is_due_by_its_time_alone(broker):
    """On SQLite a relay looks often; on PostgreSQL nobody would wake it."""
    relay = Relay(current_app, Pace(sleep=20, chores_every=3600))
    with outbox.transaction():
        message = outbox.enqueue(Sample(text="a"), delay=0.5)

    def work() -> None:
        try:
            relay.run()
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        wait_until(lambda: states() == {State.SENT}, 10)
    finally:
        relay.stop()
        enqueue()
        thread.join(15)
    message.refresh_from_db()
    assert message.sent_at >= message.available_at


def _sleeps(cursor) -> bool:
    cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", [wakeup.LOCK])
    return bool(cursor.fetchone()[0])


def test_nobody_is_notified_while_no_relay_sleeps(django_assert_num_queries):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no NOTIFY")
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {wakeup.CHANNEL}")
    enqueue()
    assert list(connection.connection.notifies(timeout=0.2)) == []
