"""Edit and retry: schema form, difference, reason, the old payload kept."""

import uuid

import pytest

from messaging import transitions
from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.models import AuditEntry, FailureGroup, PayloadEdit
from messaging.operations.permissions import Actor
from messaging.transitions.failure import synthetic_failure
from tests.factories import client_with
from tests.messaging.deliver import deliver
from tests.messaging.operations.desk import ALL_PERMISSIONS, PrintJob, body, failed_task, page_url

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator():
    return client_with(*ALL_PERMISSIONS)


def edit(client, message: Message, *, seen: str = "dead.1.0", reason: str = "typo", **fields):
    data = {f"payload-{name}": value for name, value in fields.items()}
    return client.post(page_url(message, "edit"), {"seen": seen, "reason": reason, "apply": "1"} | data, follow=True)


def test_an_edit_shows_its_difference_first(operator):
    message = failed_task()
    form = body(operator.get(page_url(message, "edit")))
    assert 'name="payload-email"' in form
    assert 'value="ada@example.com"' in form
    data = {"seen": "dead.1.0", "payload-email": "eve@example.com", "payload-copies": "1", "payload-pages": "[1]"}
    shown = body(operator.post(page_url(message, "edit"), data))
    assert "<del>ada@example.com</del>" in shown
    assert "<ins>eve@example.com</ins>" in shown
    message.refresh_from_db()
    assert message.state == State.DEAD


def test_an_edited_task_is_retried_and_its_old_payload_kept(operator):
    message = failed_task()
    shown = body(edit(operator, message, email="eve@example.com", copies="2", pages="[1, 2]"))
    assert "1 task edited and queued for retry." in shown
    message.refresh_from_db()
    assert (message.state, message.payload["copies"]) == (State.PENDING, 2)
    kept = PayloadEdit.objects.get()
    assert (kept.before["email"], kept.after["email"], kept.reason) == ("ada@example.com", "eve@example.com", "typo")
    assert AuditEntry.objects.get(action="edit").reason == "typo"
    assert "Edited by" in shown
    assert FailureGroup.objects.get().dead_count == 0


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"copies": "2"}, "This field is required"),
        ({"email": "x", "copies": "two"}, "Enter a whole number"),
        ({"email": "x", "copies": "2", "pages": '["a"]'}, "0: Input should be a valid integer"),
        ({"email": "x", "copies": "2", "pages": "["}, "Enter a valid JSON"),
    ],
)
def test_a_schema_error_is_shown_beside_its_field(operator, fields, error):
    message = failed_task()
    assert error in body(edit(operator, message, **fields))
    message.refresh_from_db()
    assert message.state == State.DEAD


def test_an_edit_requires_a_reason(operator):
    message = failed_task()
    assert "A reason is required" in body(edit(operator, message, reason=" ", email="x", copies="2"))
    assert not PayloadEdit.objects.exists()


def test_an_edit_of_a_changed_message_is_refused(operator):
    message = failed_task()
    assert "it changed after you opened it" in body(edit(operator, message, seen="dead.0.0", email="x", copies="2"))
    actions.retry(ids=[message.pk], actor=Actor.system("ann"))
    assert "no longer dead but pending" in body(edit(operator, message, email="x", copies="2"))


def test_opening_an_edit_is_audited_as_a_reveal(operator):
    operator.get(page_url(failed_task(), "edit"))
    assert AuditEntry.objects.get().action == "reveal"


def test_a_corrupt_body_can_be_edited_if_its_headers_name_the_task(operator):
    id_ = uuid.uuid4()
    failure = synthetic_failure("UndecodableMessage", "junk", task="")
    transitions.file_stray(
        message_id=id_, failure=failure, queue="maintenance", raw_body=b"\xff", raw_headers={"task": "tests.sample"}
    )
    message = Message.objects.get()
    page = body(operator.get(page_url(message)))
    assert "Its body is not a message that a worker can read" in page
    assert "or edit and retry it, since its task is known." in page
    assert "Edit and retry</a>" in page
    edit(operator, message, text="fine")
    message.refresh_from_db()
    assert (message.task, message.state) == ("tests.sample", State.PENDING)
    assert deliver(message).state == State.DONE


def test_a_payload_that_its_lift_did_not_expect_is_edited_as_it_is(operator, monkeypatch):
    message = failed_task()
    Message.objects.filter(pk=message.pk).update(payload={"email": 7, "copies": 1})
    monkeypatch.setattr(PrintJob, "version", message.schema_version + 1)
    monkeypatch.setattr(
        PrintJob, "lifts", {message.schema_version: lambda data: data | {"email": data["email"].lower()}}
    )
    assert 'value="7"' in body(operator.get(page_url(message, "edit")))
    edit(operator, message, email="ada@example.com", copies="1")
    message.refresh_from_db()
    assert (message.state, message.payload["email"]) == (State.PENDING, "ada@example.com")


def test_an_edit_is_not_advised_where_the_task_is_not_known(operator):
    failure = synthetic_failure("UndecodableMessage", "junk", task="")
    transitions.file_stray(message_id=uuid.uuid4(), failure=failure, queue="maintenance", raw_body=b"\xff")
    page = body(operator.get(page_url(Message.objects.get())))
    assert "Find out who published it, then discard it." in page
    assert "edit and retry" not in page.lower()


def test_a_message_of_no_known_task_cannot_be_edited(operator):
    failure = synthetic_failure("UnknownTask", "none", task="no.such")
    transitions.file_stray(message_id=uuid.uuid4(), failure=failure, queue="payments", task="no.such", payload={})
    message = Message.objects.get()
    assert operator.get(page_url(message, "edit")).status_code == 403
    assert "Edit and retry" not in body(operator.get(page_url(message)))
