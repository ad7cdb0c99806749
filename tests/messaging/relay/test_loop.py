"""Relay loop: due rows are published once, in order of priority, and survive every error."""

import json
import threading
import uuid
from datetime import timedelta

import pytest
from celery import current_app
from django.db import OperationalError, connection
from django.utils import timezone

from messaging.broker import inspect
from messaging.models import Message, State
from messaging.relay import claim, dead_letters, publish
from messaging.relay.loop import Pace, Relay
from messaging.topology import Priority, Topology
from tests.messaging.relay.helpers import QUEUE, enqueue, states, take
from tests.patience import PATIENCE, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_due_row_becomes_a_celery_message(relay):
    (message,) = enqueue(priority=Priority.HIGH, subject="CV-1")
    assert relay.turn() == 1
    raw = take(relay._publisher.connection)
    args, kwargs, _ = json.loads(raw.body)
    assert (args, kwargs) == ([], {"text": "0"})
    headers = dead_letters.parse(QUEUE, raw).headers
    assert (headers["id"], headers["task"], headers["retries"]) == (str(message.pk), "tests.sample", 0)
    assert headers["conveyor"]["sends"] == 1
    assert headers["traceparent"] == message.traceparent
    message.refresh_from_db()
    assert (message.state, message.sends) == (State.SENT, 1)
    assert message.sent_at is not None


def test_a_scheduled_row_is_not_sent(relay):
    enqueue(delay=60)
    assert relay.turn() == 0
    assert states() == {State.PENDING}


def test_relay_and_broker_take_the_highest_priority_first(relay):
    for priority in (Priority.LOW, Priority.NORMAL, Priority.HIGH):
        enqueue(3, priority=priority)
    assert [m.priority for m in claim.claim(limit=3)] == [9, 9, 9]
    Message.objects.update(state=State.PENDING)
    relay.turn()
    connection = relay._publisher.connection
    taken = [dead_letters.parse(QUEUE, take(connection)).headers["id"] for _ in range(9)]
    priorities = dict(Message.objects.values_list("pk", "priority"))
    order = [priorities[uuid.UUID(id_)] for id_ in taken]
    assert sorted(order, reverse=True) == [9, 9, 9, 5, 5, 5, 1, 1, 1]
    if connection.as_uri().startswith("redis"):
        assert order == sorted(order, reverse=True)


def test_concurrent_relays_send_each_row_once(broker):
    enqueue(300)
    relays = [Relay(current_app, Pace(batch=20, poll_every=0.01, gather=0)) for _ in range(4)]

    def work(relay: Relay) -> None:
        try:
            relay.run()
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(relay,)) for relay in relays]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: not Message.objects.filter(state=State.PENDING).exists())
    finally:
        for relay in relays:
            relay.stop()
        for thread in threads:
            thread.join(PATIENCE)
    with current_app.connection_for_read() as link:
        assert inspect.depth(link, QUEUE) == 300
    assert set(Message.objects.values_list("sends", flat=True)) == {1}


def test_refused_messages_become_due_again(relay, monkeypatch):
    first, _ = enqueue(2)
    relay.turn()
    Message.objects.filter(pk=first.pk).update(state=State.PENDING, available_at=timezone.now())
    monkeypatch.setattr(type(relay._publisher), "publish", lambda self, batch: publish.Outcome())
    assert relay.turn() == 0
    first.refresh_from_db()
    assert first.state == State.PENDING
    assert first.available_at > timezone.now() - timedelta(seconds=1)


def test_a_connection_error_while_publishing_unclaims_the_batch(relay, monkeypatch):
    enqueue(5)
    relay.turn()
    Message.objects.update(state=State.PENDING, available_at=timezone.now())

    def broken(self, batch):
        raise ConnectionResetError("gone")

    monkeypatch.setattr(type(relay._publisher), "publish", broken)
    with pytest.raises(ConnectionResetError):
        relay.turn()
    assert states() == {State.PENDING}


def test_settled_rows_are_not_unclaimed():
    (message,) = enqueue()
    claim.claim(limit=1)
    Message.objects.update(state=State.DONE)
    assert claim.unclaim([message.pk], delay=0) == 0
    assert states() == {State.DONE}


@pytest.mark.parametrize("error", [ConnectionRefusedError("no"), OperationalError("database is locked")])
def test_an_outage_is_logged_once_and_does_not_stop_the_relay(broker, monkeypatch, caplog, error):
    caplog.set_level("INFO")
    relay = Relay(current_app, Pace(poll_every=0.01, min_backoff=0.01, max_backoff=0.02))
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
    logged = [record.message for record in caplog.records if what in record.message and "ready" not in record.message]
    assert [("cannot reach" in text, "reconnected" in text) for text in logged] == [(True, False), (False, True)]


def test_a_connection_on_which_nothing_can_be_declared_is_closed(broker, monkeypatch):
    """The relay tries again and again; what it leaves open, the broker has to keep."""
    opened = []

    def refuse(_topology, connection):
        opened.append(connection)
        raise OSError("PRECONDITION_FAILED")

    monkeypatch.setattr(Topology, "declare", refuse)
    with pytest.raises(OSError, match="PRECONDITION_FAILED"):
        publish.connect(current_app)
    assert [connection.connected for connection in opened] == [False]


def test_queues_can_be_declared_twice(publisher):
    enqueue()
    again = publish.connect(current_app)
    assert len(again.publish(claim.claim(limit=1)).confirmed) == 1
    again.connection.close()
