"""Messages that cannot be published or routed: each ends alone, the others go."""

import json
from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.utils import timezone

from messaging.broker import inspect, tolerance
from messaging.models import Message, State, Waits
from messaging.models.uuid7 import uuid7
from messaging.relay import protocol, publish, unroutable
from messaging.relay.loop import Pace, Relay
from messaging.transitions import backoff
from messaging.worker import admission
from tests.messaging.relay.helpers import enqueue, take

pytestmark = pytest.mark.django_db(transaction=True)


def turns(relay: Relay, count: int = 30) -> int:
    """Publish until nothing is due, through the errors that `Relay.run` survives. What waits for seconds waits."""
    sent = 0
    for _ in range(count):
        now = timezone.now()
        soon = Message.objects.filter(state=State.PENDING, available_at__lt=now + timedelta(seconds=1))
        soon.update(available_at=now)
        try:
            sent += relay.turn()
        except relay._broker_errors():
            relay._disconnect()
    return sent


def test_a_message_that_cannot_be_encoded_is_dead_and_the_others_are_sent(relay, monkeypatch):
    bad, *_ = enqueue(5)
    original = publish.Publisher._send

    def send(self, message):
        if message.pk == bad.pk:
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")
        original(self, message)

    monkeypatch.setattr(publish.Publisher, "_send", send)
    assert relay.turn() == 4
    bad.refresh_from_db()
    assert (bad.state, bad.error_type) == (State.DEAD, "CannotPublish")
    assert "surrogates" in bad.error_message
    assert Message.objects.filter(state=State.SENT, sends=1).count() == 4


def nested(levels: int) -> list:
    return [nested(levels - 1)] if levels > 1 else []


#: Characters of a text, and lists within lists, with which a body is as large and as deep as a worker reads.
ROOM = tolerance.MAX_JSON - len(f"[[], {json.dumps({'text': ''})}, {protocol._EMBED}]")
LEVELS = tolerance.MAX_DEPTH - 2


@pytest.mark.parametrize("text", ["x" * ROOM, nested(LEVELS)], ids=["size", "depth"])
def test_a_message_up_to_the_bounds_of_workers_reaches_one(relay, text):
    [message] = enqueue()
    Message.objects.filter(pk=message.pk).update(payload={"text": text})
    relay.turn()
    taken = take(relay._publisher.connection)
    headers, arguments = admission.admit(
        headers=taken.headers,
        content_type=taken.content_type,
        content_encoding=taken.content_encoding,
        body=taken.body,
    )
    assert (headers["id"], arguments) == (str(message.pk), {"text": text})


@pytest.mark.parametrize("text", ["x" * (ROOM + 1), nested(LEVELS + 1)], ids=["size", "depth"])
def test_a_message_beyond_the_bounds_of_workers_is_dead_instead_of_sent_again_for_ever(relay, text):
    beyond, other = enqueue(2)
    Message.objects.filter(pk=beyond.pk).update(payload={"text": text})
    relay.turn()
    beyond.refresh_from_db()
    other.refresh_from_db()
    assert (beyond.state, beyond.error_type, other.state) == (State.DEAD, "CannotPublish", State.SENT)
    assert "Unreadable" in beyond.error_message


def test_a_message_over_which_the_broker_closes_the_channel_is_found_and_dead(relay, monkeypatch):
    bad, *_ = enqueue(40)
    relay.turn()
    Message.objects.update(state=State.PENDING, available_at=timezone.now(), sends=0)
    original = type(relay._publisher).publish

    def publish_unless_bad(self, batch):
        if any(message.pk == bad.pk for message in batch):
            if len(batch) > 1:
                raise publish.BatchRefused("message size exceeds the maximum")
            return publish.Outcome(impossible={bad.pk: "The broker refused it: too large"})
        return original(self, batch)

    monkeypatch.setattr(type(relay._publisher), "publish", publish_unless_bad)
    assert turns(relay) == 39
    bad.refresh_from_db()
    assert (bad.state, bad.error_type) == (State.DEAD, "CannotPublish")
    assert Message.objects.filter(state=State.SENT).count() == 39


def test_a_message_that_breaks_the_connection_gives_way_to_the_others(relay, monkeypatch):
    bad, *_ = enqueue(8)
    relay.turn()
    Message.objects.update(state=State.PENDING, available_at=timezone.now(), sends=0)
    original = type(relay._publisher).publish

    def publish_unless_bad(self, batch):
        if any(message.pk == bad.pk for message in batch):
            raise ConnectionResetError("connection lost")
        return original(self, batch)

    monkeypatch.setattr(type(relay._publisher), "publish", publish_unless_bad)
    assert turns(relay) == 7
    enqueue(3)
    Message.objects.filter(pk=bad.pk).update(available_at=timezone.now())
    assert turns(relay) == 3
    bad.refresh_from_db()
    assert bad.available_at > timezone.now() + timedelta(seconds=1), "it waits longer, since others are sent"
    assert (bad.state, bad.attempts) == (State.PENDING, 0), "an outage must not make it dead"


def test_two_messages_that_fail_one_after_the_other_both_keep_their_long_waits(relay, monkeypatch):
    """Nothing was sent between them."""
    monkeypatch.setattr(backoff, "seconds", lambda *, retries: float(retries))
    first, second, new = uuid7(), uuid7(), uuid7()
    relay._failed_alone.update({first: 5, second: 5})
    relay._has_sent = True
    waits = [relay._wait_alone(pk) for pk in (first, second, new)]
    assert waits == [6, 5, relay._pace.max_backoff]


def test_a_routing_key_without_a_queue_waits_and_is_dead_after_a_bound(relay, settings):
    (message,) = enqueue()
    Message.objects.update(routing_key="nowhere.go.low", sends=50)  # it was deferred often, or retried
    assert relay.turn() == 0
    message.refresh_from_db()
    assert (message.state, message.attempts, message.waits_for) == (State.PENDING, 0, Waits.QUEUE)
    assert message.available_at > timezone.now(), "it does not spin"
    long_ago = timezone.now() - timedelta(seconds=unroutable.PATIENCE * settings.CONVEYOR_VISIBILITY + 1)
    Message.objects.update(deferred_since=long_ago, available_at=timezone.now())
    assert relay.turn() == 0
    message.refresh_from_db()
    assert (message.state, message.error_type) == (State.DEAD, "NoSuchQueue")


def test_rows_of_a_removed_queue_do_not_hold_up_others_and_are_dead_after_a_bound(relay):
    old, other = enqueue(2)
    Message.objects.filter(pk=old.pk).update(queue="removed", routing_key="removed.go.low")
    assert relay.turn() == 1
    assert unroutable.settle() == 0, "another relay may know the queue"
    Message.objects.filter(pk=old.pk).update(available_at=timezone.now() - timedelta(days=1))
    assert unroutable.settle() == 1
    old.refresh_from_db()
    other.refresh_from_db()
    assert (old.state, old.error_type, other.state) == (State.DEAD, "NoSuchQueue", State.SENT)


def sent(queue: str, *, timeouts: float, **fields) -> Message:
    """A message that a relay of an earlier release published to a queue that this one lacks."""
    (message,) = enqueue()
    sent_at = timezone.now() - timedelta(seconds=timeouts * settings.CONVEYOR_VISIBILITY)
    Message.objects.filter(pk=message.pk).update(state=State.SENT, sends=1, sent_at=sent_at, queue=queue, **fields)
    return message


def test_what_was_sent_to_a_removed_queue_is_due_again_after_a_bound_and_dead_after_another():
    old = sent("removed", timeouts=unroutable.PATIENCE + 1, routing_key="removed.go.low")
    recent = sent("removed", timeouts=1, routing_key="removed.go.low")
    assert unroutable.settle() == 1
    old.refresh_from_db()
    recent.refresh_from_db()
    assert (old.state, recent.state) == (State.PENDING, State.SENT), "a worker of the release before may have it"
    Message.objects.filter(pk=old.pk).update(available_at=timezone.now() - timedelta(days=1))
    assert unroutable.settle() == 1
    old.refresh_from_db()
    assert (old.state, old.error_type) == (State.DEAD, "NoSuchQueue")


def test_what_was_sent_to_a_renamed_queue_is_sent_to_the_one_that_has_its_key_now(relay):
    message = sent("upkeep", timeouts=unroutable.PATIENCE + 1)
    unroutable.settle()
    assert relay.turn() == 1
    message.refresh_from_db()
    assert (message.state, message.queue, message.sends) == (State.SENT, "maintenance", 2)


def test_rows_of_a_renamed_queue_move_to_the_queue_that_has_their_key_now(relay):
    (message,) = enqueue()
    Message.objects.update(queue="upkeep")
    assert unroutable.settle() == 1
    assert relay.turn() == 1
    message.refresh_from_db()
    assert (message.state, message.queue) == (State.SENT, "maintenance")


def test_a_queue_that_was_deleted_at_the_broker_is_declared_again(broker):
    relay = Relay(current_app, Pace(poll_every=0.01, chores_every=0, min_backoff=0))
    try:
        enqueue(2)
        assert relay.turn() == 2
        with relay._publisher.connection.channel() as channel:
            channel.queue_delete("maintenance")
        enqueue(3)
        assert turns(relay, 3) >= 3
        assert not Message.objects.filter(state=State.PENDING).exists()
        with current_app.connection_for_read() as link:
            assert inspect.depth(link, "maintenance") == 3
    finally:
        relay._disconnect()
