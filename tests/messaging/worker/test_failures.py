"""Failed attempts: retried with backoff, or dead at once."""

from datetime import timedelta

import pytest
from billiard.exceptions import TimeLimitExceeded
from celery.app import autoretry
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from messaging import outbox
from messaging.models import Message, State, Waits
from messaging.relay import protocol
from messaging.signals import attempt_failed
from messaging.transitions import backoff
from tests.messaging import samples
from tests.messaging.deliver import deliver, hand_over, send
from tests.messaging.samples import Bug, TemporaryError, Versioned, behaviour
from tests.messaging.worker.helpers import enqueue, fail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("error", [OperationalError("lock timeout"), InterfaceError("connection closed")])
def test_database_errors_are_retried(error):
    behaviour["one"] = fail(error)
    message = deliver(enqueue("one"))
    assert (message.state, message.attempts) == (State.PENDING, 1)


def test_a_bug_makes_the_message_dead_at_once_with_its_traceback():
    behaviour["one"] = fail(Bug("broken"))
    message = deliver(enqueue("one"))
    assert (message.state, message.attempts, message.error_message) == (State.DEAD, 1, "broken")
    attempt = message.attempt_set.get()
    assert attempt.error_type == "tests.messaging.samples.Bug"
    assert "raise error" in attempt.traceback
    assert attempt.worker == "worker@test"
    assert attempt.started_at <= attempt.ended_at
    assert message.fingerprint.startswith("v1-")


@pytest.mark.parametrize(
    ("text", "shown"), [("a\x00b", "a\\x00b"), ("half \ud800 of a pair", "half \\ud800 of a pair")]
)
def test_an_error_whose_text_no_database_stores_makes_the_message_dead_all_the_same(text, shown):
    behaviour["one"] = fail(Bug(text))
    message = deliver(enqueue("one"))
    assert (message.state, message.error_message) == (State.DEAD, shown)
    assert shown in message.attempt_set.get().traceback


def test_a_temporary_error_is_retried_until_no_attempts_are_left(settings):
    events = []

    def record(**event):
        events.append((event["attempt"], event["of"], event["retry_at"] is None))

    attempt_failed.connect(record)
    behaviour["one"] = fail(TemporaryError("later"))
    message = enqueue("one")
    try:
        for number in range(1, 6):
            message = deliver(message)
            assert (message.state, message.attempts) == (State.DEAD if number == 5 else State.PENDING, number)
    finally:
        attempt_failed.disconnect(record)
    assert events == [(1, 5, False), (2, 5, False), (3, 5, False), (4, 5, False), (5, 5, True)]
    assert list(message.attempt_set.values_list("number", flat=True)) == [1, 2, 3, 4, 5]


def waited(message: Message) -> float:
    """Seconds from the last attempt until the message is due again."""
    return (message.available_at - message.attempt_set.latest("number").ended_at).total_seconds()


def test_a_retry_is_scheduled_in_the_ledger(monkeypatch):
    monkeypatch.setattr("celery.app.autoretry.get_exponential_backoff_interval", lambda **_: 30)
    behaviour["one"] = fail(TemporaryError())
    message = send(enqueue("one"))
    assert hand_over(message) == "RETRY"
    message.refresh_from_db()
    assert message.state == State.PENDING
    assert 28 < waited(message) <= 30.1


def test_backoff_is_exponential_with_full_jitter_and_a_maximum(settings):
    seen = []

    def interval(**arguments):
        seen.append(arguments)
        return 0

    behaviour["one"] = fail(TemporaryError())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(autoretry, "get_exponential_backoff_interval", interval)
        message = deliver(deliver(enqueue("one")))
    assert message.attempts == 2
    assert seen == [{"factor": 2, "retries": retries, "maximum": 600, "full_jitter": True} for retries in (0, 1)]


def test_a_task_can_request_a_retry():
    def ask(self, payload):
        raise self.retry(countdown=0)

    behaviour["one"] = ask
    message = deliver(enqueue("one"))
    assert (message.state, message.attempts) == (State.PENDING, 1)


@pytest.mark.parametrize("error", [KeyError("x"), AssertionError(), OSError("disk")])
def test_any_other_error_makes_the_message_dead_at_once(error):
    behaviour["one"] = fail(error)
    message = deliver(enqueue("one"))
    assert (message.state, message.attempts) == (State.DEAD, 1)


def test_an_invalid_payload_is_dead_at_once():
    message = deliver(enqueue("one"), kwargs={"wrong": 1})
    assert message.state == State.DEAD
    assert "text: Field required" in message.error_message


def test_a_message_of_a_newer_schema_waits_for_a_newer_worker_and_spends_no_attempt():
    with outbox.transaction():
        message = outbox.enqueue(Versioned(full_name="x"))
    Message.objects.filter(pk=message.pk).update(schema_version=9)
    message = deliver(message)
    assert (message.state, message.attempts, message.waits_for) == (State.PENDING, 0, Waits.RELEASE)
    first = message.deferred_since
    Message.objects.filter(pk=message.pk).update(
        available_at=timezone.now(), deferred_since=first - timedelta(seconds=100)
    )
    message = deliver(message)
    assert (message.attempts, message.waits_for) == (0, Waits.RELEASE)
    pause = message.available_at - timezone.now()
    assert timedelta(seconds=15) < pause < timedelta(seconds=60), "a quarter of its wait so far"
    behaviour["versioned"] = lambda self, payload: None
    Message.objects.filter(pk=message.pk).update(available_at=timezone.now(), schema_version=Versioned.version)
    assert deliver(message).state == State.DONE, "a worker that knows the schema runs it"


def test_a_hard_time_limit_is_recorded_by_the_main_process_as_an_attempt_of_several():
    message = enqueue("one")
    for attempt, state in enumerate([*[State.PENDING] * (samples.sample.limit - 1), State.DEAD], start=1):
        Message.objects.filter(pk=message.pk).update(available_at=timezone.now())
        message = send(message)
        samples.sample.push_request(**protocol.headers_of(message))  # as `ReliableRequest` does
        try:
            samples.sample.on_failure(TimeLimitExceeded(3), str(message.pk), (), {}, None)
        finally:
            samples.sample.pop_request()
        message.refresh_from_db()
        assert (message.state, message.attempts) == (state, attempt)
        assert message.error_type == "billiard.exceptions.TimeLimitExceeded"
        assert message.error_message == "exceeded the hard time limit of 3 s; its process was killed"
        if state == State.PENDING:
            assert 0.5 < waited(message) / backoff.seconds(retries=attempt - 1) < 1.1


def test_a_soft_time_limit_is_retried_with_backoff_as_the_host_may_have_been_suspended(monkeypatch):
    monkeypatch.setattr("celery.app.autoretry.get_exponential_backoff_interval", lambda **_: 30)
    behaviour["one"] = fail(SoftTimeLimitExceeded())
    message = deliver(enqueue("one"))
    assert (message.state, message.attempts) == (State.PENDING, 1)
    assert 28 < waited(message) <= 30.1


@pytest.mark.parametrize("error", [SoftTimeLimitExceeded(), SoftTimeLimitExceeded(20)])
def test_a_soft_time_limit_is_told_in_words(error):
    behaviour["one"] = fail(error)
    message = deliver(enqueue("one"))
    assert message.error_message == "exceeded the soft time limit of 20 s"


def test_a_receiver_that_fails_does_not_keep_a_failure_unrecorded(caplog):
    def receiver(**kwargs):
        Message.objects.create(task="by a receiver", queue="maintenance", correlation_id=kwargs["message"].pk)
        raise LookupError("a bug in a receiver")

    behaviour["one"] = fail(Bug("x"))
    attempt_failed.connect(receiver, weak=False, dispatch_uid="test")
    try:
        message = deliver(enqueue("one"))
    finally:
        attempt_failed.disconnect(dispatch_uid="test")
    assert (message.state, message.attempt_set.count()) == (State.DEAD, 1)
    assert not Message.objects.filter(task="by a receiver").exists(), "its writes roll back"
    assert "receiver" in caplog.text
