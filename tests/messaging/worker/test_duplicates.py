"""Duplicate and repeated deliveries: at most one has an effect."""

import contextlib
import threading
import time

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from messaging.models import Attempt, Message, State
from messaging.relay import claim
from tests.messaging import samples
from tests.messaging.deliver import hand_over, send
from tests.messaging.samples import Bug, TemporaryError, behaviour
from tests.messaging.worker.helpers import effect, enqueue, fail
from tests.patience import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_duplicate_of_a_done_message_is_ignored():
    calls = []
    behaviour["one"] = lambda self, payload: (calls.append(1), effect(self, payload))
    message = send(enqueue("one"))
    hand_over(message)
    assert hand_over(message, redelivered=True) == "IGNORED"
    assert len(calls) == 1
    assert Group.objects.count() == 1


def test_a_delivery_overtaken_while_running_has_no_effect():
    def overtaken(self, payload):
        Message.objects.filter(pk=self.request.id).update(state=State.DONE)
        effect(self, payload)

    behaviour["one"] = overtaken
    message = send(enqueue("one"))
    assert hand_over(message) == "IGNORED"
    assert not Group.objects.exists()


def test_of_two_concurrent_deliveries_the_second_has_no_effect():
    message, first_is_in, results = send(enqueue("one")), threading.Event(), []

    def slow_effect(self, payload):
        with self.complete():
            first_is_in.set()
            time.sleep(0.3)
            Group.objects.create(name=f"by {threading.current_thread().name}")

    def run() -> None:
        try:
            results.append(hand_over(message))
        finally:
            connection.close()

    behaviour["one"] = slow_effect
    threads = [threading.Thread(target=run, name=name) for name in ("first", "second")]
    threads[0].start()
    assert first_is_in.wait(PATIENCE)
    threads[1].start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(results) == ["IGNORED", "SUCCESS"]
    assert Group.objects.get().name == "by first"


def test_a_message_that_kills_its_worker_is_dead_after_five_deliveries():
    calls = []
    behaviour["one"] = lambda self, payload: calls.append(1)
    message = send(enqueue("one"))
    for delivery in range(2, 7):
        Message.objects.filter(pk=message.pk).update(state=State.SENT)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(samples.sample, "run", lambda payload: (_ for _ in ()).throw(SystemExit))
            with contextlib.suppress(SystemExit):
                hand_over(message, redelivered=True)
        message.refresh_from_db()
        assert message.attempts == delivery - 1
    assert (message.state, message.error_type) == (State.DEAD, "WorkerLost")


def test_a_redelivery_counts_as_an_attempt_before_the_task_runs():
    seen = []

    def count(self, payload):
        seen.append(Message.objects.get(pk=self.request.id).attempts)
        with self.complete():
            pass

    behaviour["one"] = count
    message = send(enqueue("one"))
    hand_over(message, redelivered=True)
    message.refresh_from_db()
    assert seen == [1]
    assert (message.state, message.attempts) == (State.DONE, 1)


def test_an_older_copy_has_no_effect_while_a_retry_is_scheduled():
    behaviour["one"] = fail(TemporaryError())
    message = send(enqueue("one"))
    hand_over(message)
    behaviour["one"] = effect
    assert hand_over(message, redelivered=True) == "IGNORED"
    assert not Group.objects.exists()
    message.refresh_from_db()
    assert message.state == State.PENDING


def test_a_failure_of_a_settled_message_changes_nothing():
    message = send(enqueue("ok"))
    hand_over(message)
    behaviour["ok"] = fail(Bug())
    hand_over(message)
    message.refresh_from_db()
    assert message.state == State.DONE
    assert not Attempt.objects.exists()


def test_a_delivery_settles_a_message_that_was_made_due_again_meanwhile():
    """Its publication was taken for lost; the work is done all the same, and is not done twice."""
    message = send(enqueue("one"))
    Message.objects.filter(pk=message.pk).update(state=State.PENDING)
    behaviour["one"] = effect
    assert hand_over(message) == "SUCCESS"
    message.refresh_from_db()
    assert (message.state, Group.objects.count()) == (State.DONE, 1)


def test_a_copy_from_before_a_revival_does_not_settle_the_message():
    """An operator may have edited its payload."""
    message = send(enqueue("one"))
    Message.objects.filter(pk=message.pk).update(state=State.PENDING, attempts=1, replayed_from=1)
    behaviour["one"] = effect
    assert hand_over(message) == "IGNORED"
    assert not Group.objects.exists()


@pytest.mark.parametrize("error", [Bug(), TemporaryError()])
def test_a_failure_of_an_older_publication_changes_nothing(error):
    behaviour["one"] = fail(error)
    older = send(enqueue("one"))
    Message.objects.filter(pk=older.pk).update(sends=2)
    hand_over(older)
    older.refresh_from_db()
    assert (older.state, older.attempts, older.error_type) == (State.SENT, 0, "")
    assert not Attempt.objects.exists()


def test_an_older_publication_has_no_effect_once_a_newer_one_is_out():
    older = send(enqueue("one"))
    Message.objects.filter(pk=older.pk).update(sends=2)
    behaviour["one"] = effect
    assert hand_over(older) == "IGNORED"
    assert not Group.objects.exists()


def test_a_claimed_message_is_claimed_once():
    enqueue("one")
    assert len(claim.claim(limit=10)) == 1
    assert claim.claim(limit=10) == []
