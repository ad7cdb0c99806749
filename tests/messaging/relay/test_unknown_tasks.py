"""Messages of unknown tasks: dead and visible, and retried by themselves once a release knows the task."""

import json
import uuid

import pytest
from celery import current_app

from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.models import AuditEntry
from messaging.operations.permissions import Actor
from messaging.payloads import _REGISTRY, Payload
from messaging.relay import dead_letters, unknown_tasks
from tests.messaging.relay.helpers import dead_letter

pytestmark = pytest.mark.django_db(transaction=True)
TASK = "tests.of_the_next_release"


@pytest.fixture
def next_release():
    """This process becomes one of a release that knows the task."""
    type("OfTheNextRelease", (Payload,), {"__module__": __name__}, task=TASK, routing_key="maintenance.sample")
    yield
    del _REGISTRY[TASK]


def filed(publisher) -> Message:
    id_ = str(uuid.uuid4())
    dead_letter(publisher, json.dumps([[], {}, {}]), headers={"task": TASK, "id": id_})
    dead_letters.file_dead_letters(publisher.connection, current_app)
    return Message.objects.get(pk=id_)


def test_it_stays_dead_while_no_release_knows_the_task(publisher):
    assert filed(publisher).error_type == unknown_tasks.KIND
    assert unknown_tasks.revive_known() == 0
    assert Message.objects.get().state == State.DEAD


def test_it_is_retried_by_itself_once_a_release_knows_the_task(publisher, request):
    message = filed(publisher)
    request.getfixturevalue("next_release")
    assert unknown_tasks.revive_known() == 1
    message.refresh_from_db()
    assert (message.state, message.revivals) == (State.PENDING, 0)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.message_id) == ("retry", "relay", message.pk)


def test_it_is_retried_by_itself_once_only(publisher, request):
    message = filed(publisher)
    request.getfixturevalue("next_release")
    unknown_tasks.revive_known()
    Message.objects.filter(pk=message.pk).update(state=State.DEAD)
    assert unknown_tasks.revive_known() == 0


def test_a_discarded_one_stays_discarded(publisher, request):
    message = filed(publisher)
    actions.discard(ids=[message.pk], actor=Actor.system("ann"), reason="junk")
    request.getfixturevalue("next_release")
    assert unknown_tasks.revive_known() == 0


def test_a_look_takes_a_bounded_number(publisher, request, monkeypatch):
    for _ in range(3):
        filed(publisher)
    monkeypatch.setattr(unknown_tasks, "LIMIT", 2)
    request.getfixturevalue("next_release")
    assert [unknown_tasks.revive_known() for _ in range(3)] == [2, 1, 0]
