"""Forgeries: messages by somebody else on the broker, under the id and the headers of one in flight."""

import json
import uuid

import pytest
from django.contrib.auth.models import Group

from messaging.broker.signature import EVENT, sign
from messaging.models import Message, State
from messaging.relay import claim, protocol
from messaging.worker import admission
from tests.messaging.deliver import hand_over
from tests.messaging.samples import behaviour
from tests.messaging.worker.helpers import effect, enqueue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent() -> claim.Claimed:
    """A message in flight, as the relay published it."""
    behaviour["one"] = behaviour["other"] = effect
    enqueue("one")
    (claimed,) = claim.claim(limit=10)
    return claimed


def published(claimed: claim.Claimed) -> tuple[dict, str]:
    body = protocol.body_of(claimed)
    return protocol.headers_of(claimed, body=body), body


def receive(claimed: claim.Claimed, headers: dict, body: str) -> Message:
    """What a worker does with a message of the broker. Returns the row of the message in flight."""
    clean, arguments = admission.admit(
        headers=headers, content_type="application/json", content_encoding="utf-8", body=body
    )
    message = Message.objects.get(pk=claimed.pk)
    message.task = clean["task"]
    hand_over(message, kwargs=arguments, **{admission.HEADER: clean[admission.HEADER], "retries": clean["retries"]})
    return Message.objects.get(pk=claimed.pk)


def with_text(body: str, text: str) -> str:
    return body.replace('"one"', json.dumps(text))


def test_another_payload_has_no_effect_and_the_message_is_still_in_flight(sent):
    headers, body = published(sent)
    message = receive(sent, headers, with_text(body, "other"))
    assert (message.state, message.attempts) == (State.SENT, 0)
    assert not Group.objects.exists()
    assert receive(sent, headers, body).state == State.DONE
    assert Group.objects.get().name == "one"


def test_another_task_has_no_effect_and_the_message_is_still_in_flight(sent):
    headers, body = published(sent)
    message = receive(sent, headers | {"task": "tests.versioned"}, body)
    assert (message.task, message.state, message.attempts) == ("tests.sample", State.SENT, 0)


def test_a_payload_that_fails_does_not_make_the_message_dead(sent):
    headers, body = published(sent)
    assert receive(sent, headers, "[[], {}, null]").state == State.SENT
    assert receive(sent, headers | {"retries": 3}, with_text(body, "other")).attempts == 0


@pytest.mark.parametrize("change", [{"version": 99}, {"sends": 2}])
def test_another_version_or_number_of_the_send_changes_nothing(sent, change):
    headers, body = published(sent)
    origin = headers[admission.HEADER] | change
    message = receive(sent, headers | {admission.HEADER: origin}, body)
    assert (message.state, message.attempts, message.sends) == (State.SENT, 0, 1)
    assert not Group.objects.exists()


def test_a_forgery_is_filed_for_an_operator(sent):
    headers, body = published(sent)
    receive(sent, headers, with_text(body, "other"))
    filed = Message.objects.exclude(pk=sent.pk).get()
    assert (filed.state, filed.payload) == (State.DEAD, {"text": "other"})
    assert filed.error_type == "messaging.transitions.NotInLedger"


def test_a_message_without_a_row_is_not_even_run(sent):
    """What a task does outside the database, such as sending an e-mail, could not be rolled back."""
    ran = []
    behaviour["other"] = lambda self, payload: ran.append(payload.text)
    headers, body = published(sent)
    forged = Message(pk=uuid.uuid4(), task="tests.sample", queue="maintenance")
    clean, arguments = admission.admit(
        headers=headers | {"id": str(forged.pk)}, content_type="application/json", content_encoding="utf-8",
        body=with_text(body, "other"),
    )  # fmt: skip
    hand_over(forged, kwargs=arguments, **{admission.HEADER: clean[admission.HEADER]})
    assert ran == []
    assert Message.objects.get(pk=forged.pk).state == State.DEAD


def test_a_copy_by_a_relay_that_does_not_sign_is_run(sent):
    """A relay of an older release, or one with another key while the key is changed."""
    headers, body = published(sent)
    del headers[admission.HEADER]["signature"]
    assert receive(sent, headers, body).state == State.DONE


def test_the_signature_needs_the_key(sent, settings):
    headers, body = published(sent)
    assert not admission.clean_headers(headers, body=body)[admission.HEADER]["is_unsigned"]
    settings.SECRET_KEY = "another-key-another-key-another-key"
    assert admission.clean_headers(headers, body=body)[admission.HEADER]["is_unsigned"]


@pytest.mark.parametrize("signature", [None, 1, "", "é", "\udc80", "0" * 64, ["x"]])
def test_a_signature_of_any_kind_is_checked_without_an_error(sent, signature):
    headers, body = published(sent)
    headers[admission.HEADER]["signature"] = signature
    for text in (body, body.encode(), memoryview(body.encode()), "\udc80"):
        assert admission.clean_headers(headers, body=text)[admission.HEADER]["is_unsigned"]


@pytest.mark.parametrize("name", EVENT)
@pytest.mark.parametrize("value", ["other", None, 1, "\udc80"])
def test_the_attributes_of_the_event_are_signed(sent, name, value):
    headers, body = published(sent)
    assert admission.clean_headers(headers | {name: value}, body=body)[admission.HEADER]["is_unsigned"]


def test_a_message_of_a_relay_that_writes_no_events_is_signed(sent):
    """As relays of the release before do."""
    headers, body = published(sent)
    older = {name: value for name, value in headers.items() if name not in EVENT}
    older[admission.HEADER]["signature"] = sign(body, str(sent.pk), sent.task, sent.sends, sent.schema_version)
    assert not admission.clean_headers(older, body=body)[admission.HEADER]["is_unsigned"]
