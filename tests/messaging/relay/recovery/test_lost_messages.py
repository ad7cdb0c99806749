"""Recovery of lost messages: sent again after the visibility timeout, urgent ones first, in bounded batches."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from messaging.models import Message, State
from messaging.relay import claim, dead_letters, recovery
from messaging.topology import Priority
from tests.messaging.relay.helpers import QUEUE, enqueue, take
from tests.messaging.relay.recovery.helpers import age, send

pytestmark = pytest.mark.django_db(transaction=True)


def taken_id(publisher) -> uuid.UUID | None:
    return dead_letters.parse(QUEUE, take(publisher.connection)).id


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
