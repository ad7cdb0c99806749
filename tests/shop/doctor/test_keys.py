"""Relays and workers with different keys: nothing is lost, and operators learn of it."""

import uuid
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from messaging.hooks import observers
from messaging.models import Cursor, State
from messaging.operations import alerts, unsigned
from messaging.worker.admission import HEADER
from shop.doctor.checks import processes
from tests.clocks import travel
from tests.messaging.deliver import hand_over, send
from tests.messaging.samples import behaviour
from tests.messaging.worker.helpers import effect, enqueue

pytestmark = pytest.mark.django_db(transaction=True)


def run(*, at: datetime, is_unsigned: bool) -> None:
    """Run a message whose signature the worker has judged so. It was sent by the database's own clock."""
    text, noted = uuid.uuid4().hex, Cursor.read("unsigned messages")

    def run_before_it_is_noted(*arguments):
        assert Cursor.read("unsigned messages") == noted
        effect(*arguments)

    behaviour[text] = run_before_it_is_noted
    message = send(enqueue(text))
    origin = {"sends": 1, "version": 1, "correlation_id": str(message.correlation_id), "is_unsigned": is_unsigned}
    with travel(at):
        hand_over(message, **{HEADER: origin})
    message.refresh_from_db()
    assert message.state == State.DONE


def noticed(*minutes: int, is_unsigned: bool = True, later: int = 0) -> list[str]:
    """What alerts and the doctor say after messages at these minutes, `later` minutes after the last one."""
    (observer,) = (each for each in observers._OBSERVERS if isinstance(each, unsigned.UnsignedMessages))
    begin = timezone.now()
    for minute in minutes:
        observer._next = 0.0
        run(at=begin + timedelta(minutes=minute), is_unsigned=is_unsigned)
    with travel(begin + timedelta(minutes=minutes[-1] + later, seconds=5)):
        found = [text for _key, text in unsigned.conditions()]
        assert [finding.sentence for finding in processes.secret_keys()] == found
        assert [text for key, text in alerts.conditions().items() if key == "unsigned"] == found
    return found


def test_different_keys_are_told_once_a_change_of_the_key_would_be_over():
    assert not noticed(0, 1, 9)
    (text,) = noticed(11, 40)
    assert "worker@test gets messages that are not signed with its SECRET_KEY" in text


def test_it_is_over_an_hour_after_the_last_one_and_begins_anew():
    assert noticed(0, 20, later=50)
    assert not noticed(20, later=61)
    assert not noticed(100, 101)


def test_signed_messages_note_nothing():
    assert not noticed(0, 20, is_unsigned=False)
    assert not Cursor.objects.filter(pk="unsigned messages").exists()


def test_what_is_published_without_the_ledger_is_not_noted(settings):
    settings.CONVEYOR_PUBLISH = "naive"
    (observer,) = (each for each in observers._OBSERVERS if isinstance(each, unsigned.UnsignedMessages))
    observer._next = 0.0
    observer.started(SimpleNamespace(request={HEADER: {"is_unsigned": True}}))(None)
    assert not Cursor.objects.filter(pk="unsigned messages").exists()


def test_a_process_notes_one_message_a_minute():
    assert not noticed(0)
    before = Cursor.read("unsigned messages")
    run(at=timezone.now(), is_unsigned=True)
    assert Cursor.read("unsigned messages") == before
