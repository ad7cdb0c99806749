"""Strays: deliveries without a row in the ledger are filed as dead messages."""

import uuid

import pytest
from django.contrib.auth.models import Group

from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.permissions import Actor
from tests.messaging.deliver import deliver, hand_over, send
from tests.messaging.samples import behaviour
from tests.messaging.worker.helpers import effect, enqueue

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_stray_is_filed_as_dead_and_can_be_retried():
    stray = Message(pk=uuid.uuid4(), task="tests.sample", queue="maintenance", payload={"text": "ok"},
                    routing_key="maintenance.sample.low", priority=1, correlation_id=uuid.uuid4())  # fmt: skip
    hand_over(stray, conveyor=None)
    filed = Message.objects.get(pk=stray.pk)
    assert (filed.state, filed.payload) == (State.DEAD, {"text": "ok"})
    assert actions.retry(ids=[filed.pk], actor=Actor.system("ann")).done == [filed.pk]
    assert deliver(filed).state == State.DONE


def test_a_stray_with_the_id_of_a_message_in_flight_does_not_touch_it():
    message = send(enqueue("one"))
    for _ in range(2):  # delivered twice, filed once
        hand_over(message, kwargs={"text": "other"}, conveyor=None)
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.SENT, 0)
    stray = Message.objects.exclude(pk=message.pk).get()
    assert (stray.state, stray.payload) == (State.DEAD, {"text": "other"})


def test_a_stray_that_is_delivered_twice_is_filed_once():
    stray = Message(pk=uuid.uuid4(), task="tests.sample", queue="maintenance", payload={"text": "ok"},
                    routing_key="maintenance.sample.low", priority=1, correlation_id=uuid.uuid4())  # fmt: skip
    for _ in range(2):
        hand_over(stray, conveyor=None)
    assert Message.objects.get().pk == stray.pk


def test_a_message_without_a_row_is_filed_and_its_effects_roll_back():
    behaviour["one"] = effect
    message = send(enqueue("one"))
    Message.objects.all().delete()
    hand_over(message)
    assert Message.objects.get().state == State.DEAD
    assert not Group.objects.exists()
    Message.objects.all().delete()
    hand_over(message, redelivered=True)
    assert Message.objects.get().error_type == "messaging.transitions.NotInLedger"
