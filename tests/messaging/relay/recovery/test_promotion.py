"""Promotion: a message that later ones overtake at the broker is sent again, once, with the highest priority."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from messaging.broker import inspect
from messaging.models import Message, State
from messaging.relay import claim
from messaging.topology import Priority
from tests.messaging.relay.helpers import QUEUE, enqueue, take
from tests.messaging.relay.recovery.helpers import age, send
from tests.patience import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


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
    rows = claim.claim(limit=2)  # too few for a share of late ones
    assert {row.pk for row in rows if row.is_promoted} == {first.pk, second.pk}
    publisher.publish(rows)
    wait_for(lambda: inspect.depth(publisher.connection, QUEUE) >= 2)
    Message.objects.filter(state=State.SENT).update(sent_at=F("sent_at") - timedelta(seconds=400))
    finish(sent_ago=1)
    assert recover() == 0, "it was sent with the highest priority"
    assert second.priority < Priority.HIGH


def test_a_message_that_was_late_already_when_its_turn_came_is_promoted_too(recover, publisher, settings):
    """It went out with its own priority, as the share of late ones was used up, and others overtake it."""
    enqueue(priority=Priority.LOW)
    Message.objects.update(available_at=timezone.now() - timedelta(seconds=2 * settings.CONVEYOR_MAX_WAIT))
    rows = claim.claim(limit=9)
    assert [row.is_promoted for row in rows] == [False]
    publisher.publish(rows)
    wait_for(lambda: inspect.depth(publisher.connection, QUEUE) == 1)
    Message.objects.update(sent_at=F("sent_at") - timedelta(seconds=400))
    finish(sent_ago=1)
    assert recover() == 1
    assert [row.is_promoted for row in claim.claim(limit=1)] == [True]


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
