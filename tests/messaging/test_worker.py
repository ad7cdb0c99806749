"""Does each end of a task reach the ledger, and does a duplicate leave no effect?"""

import contextlib
import threading
import time
import uuid

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.contrib.auth.models import Group
from django.db import InterfaceError, OperationalError, connection

from messaging import outbox
from messaging.models import Attempt, Message, State
from messaging.operations import actions
from messaging.operations.permissions import Actor
from messaging.relay import claim
from messaging.signals import attempt_failed
from messaging.worker.task import UseTheLedger
from tests.messaging import samples
from tests.messaging.deliver import deliver, hand_over, send
from tests.messaging.samples import Bug, Sample, TemporaryTrouble, Versioned, behaviour

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_backoff(settings, monkeypatch):
    monkeypatch.setattr("celery.app.autoretry.get_exponential_backoff_interval", lambda **_: 0)
    yield
    behaviour.clear()


def enqueue(text: str = "ok", **options) -> Message:
    with outbox.transaction():
        return outbox.enqueue(Sample(text=text), **options)


def effect(self, payload) -> None:
    """An effect that can be counted: a row, written together with "done"."""
    with self.complete():
        Group.objects.create(name=payload.text)


def fail(error: BaseException):
    def act(self, payload):
        raise error

    return act


def test_a_task_commits_its_effect_and_done_together():
    behaviour["one"] = effect
    message = deliver(enqueue("one"))
    assert message.state == State.DONE
    assert message.finished_at is not None
    assert Group.objects.get().name == "one"
    assert not Attempt.objects.exists()


def test_a_second_delivery_of_a_done_message_does_no_work():
    calls = []
    behaviour["one"] = lambda self, payload: (calls.append(1), effect(self, payload))
    message = send(enqueue("one"))
    hand_over(message)
    assert hand_over(message, redelivered=True) == "IGNORED"
    assert len(calls) == 1
    assert Group.objects.count() == 1


def test_a_delivery_that_is_overtaken_while_it_works_has_no_effect():
    def overtaken(self, payload):
        Message.objects.filter(pk=self.request.id).update(state=State.DONE)
        effect(self, payload)

    behaviour["one"] = overtaken
    message = send(enqueue("one"))
    assert hand_over(message) == "IGNORED"
    assert not Group.objects.exists()


def test_of_two_deliveries_at_once_the_second_waits_and_then_has_no_effect():
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
    assert first_is_in.wait(5)
    threads[1].start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == ["IGNORED", "SUCCESS"]
    assert Group.objects.get().name == "by first"


@pytest.mark.parametrize("error", [OperationalError("deadlock detected"), InterfaceError("connection closed")])
def test_trouble_with_the_database_is_tried_again(error):
    behaviour["one"] = fail(error)
    message = deliver(enqueue("one"))
    assert (message.state, message.attempts) == (State.PENDING, 1)


def test_messages_enqueued_by_a_task_vanish_with_its_rollback():
    def follow(self, payload):
        with self.complete():
            outbox.enqueue(Sample(text="next"))
            raise Bug

    behaviour["one"] = follow
    deliver(enqueue("one"))
    assert Message.objects.count() == 1


def test_messages_enqueued_by_a_task_belong_to_its_chain():
    def follow(self, payload):
        with self.complete():
            outbox.enqueue(Sample(text="next"))

    behaviour["one"] = follow
    first = deliver(enqueue("one"))
    following = Message.objects.exclude(pk=first.pk).get()
    assert (following.causation_id, following.correlation_id) == (first.pk, first.correlation_id)


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


def test_a_temporary_error_is_tried_again_until_the_attempts_are_spent(settings):
    told = []

    def listen(**event):
        told.append((event["attempt"], event["of"], event["retry_at"] is None))

    attempt_failed.connect(listen)
    behaviour["one"] = fail(TemporaryTrouble("later"))
    message = enqueue("one")
    try:
        for number in range(1, 6):
            message = deliver(message)
            assert (message.state, message.attempts) == (State.DEAD if number == 5 else State.PENDING, number)
    finally:
        attempt_failed.disconnect(listen)
    assert told == [(1, 5, False), (2, 5, False), (3, 5, False), (4, 5, False), (5, 5, True)]
    assert list(message.attempt_set.values_list("number", flat=True)) == [1, 2, 3, 4, 5]


def test_a_retry_waits_in_the_ledger_and_not_in_the_worker(monkeypatch):
    monkeypatch.setattr("celery.app.autoretry.get_exponential_backoff_interval", lambda **_: 30)
    behaviour["one"] = fail(TemporaryTrouble())
    message = send(enqueue("one"))
    assert hand_over(message) == "RETRY"
    message.refresh_from_db()
    assert message.state == State.PENDING
    assert 28 < (message.available_at - message.attempt_set.get().ended_at).total_seconds() <= 30.1


def test_backoff_is_exponential_with_full_jitter_and_a_ceiling(settings):
    seen = []

    def interval(**arguments):
        seen.append(arguments)
        return 0

    import celery.app.autoretry as autoretry

    behaviour["one"] = fail(TemporaryTrouble())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(autoretry, "get_exponential_backoff_interval", interval)
        message = deliver(deliver(enqueue("one")))
    assert message.attempts == 2
    assert seen == [{"factor": 2, "retries": retries, "maximum": 600, "full_jitter": True} for retries in (0, 1)]


def test_a_task_may_ask_for_a_retry_by_itself():
    def ask(self, payload):
        raise self.retry(countdown=0)

    behaviour["one"] = ask
    message = deliver(enqueue("one"))
    assert (message.state, message.attempts) == (State.PENDING, 1)


def test_a_task_that_never_completes_is_dead():
    behaviour["one"] = lambda self, payload: None
    message = deliver(enqueue("one"))
    assert (message.state, message.error_type) == (State.DEAD, "messaging.worker.task.NeverCompleted")


@pytest.mark.parametrize("error", [SoftTimeLimitExceeded(), KeyError("x"), AssertionError(), OSError("disk")])
def test_every_other_error_is_dead_at_once(error):
    behaviour["one"] = fail(error)
    message = deliver(enqueue("one"))
    assert (message.state, message.attempts) == (State.DEAD, 1)


def test_wrong_arguments_are_dead_without_a_try():
    message = deliver(enqueue("one"), kwargs={"wrong": 1})
    assert message.state == State.DEAD
    assert "text: Field required" in message.error_message


def test_an_old_message_is_lifted_and_done():
    seen = []
    behaviour["versioned"] = lambda self, payload: seen.append(payload.full_name)
    with outbox.transaction():
        message = outbox.enqueue(Versioned(full_name="x"))
    Message.objects.filter(pk=message.pk).update(payload={"name": "Ada"}, schema_version=1)
    assert deliver(message).state == State.DONE
    assert seen == ["Ada"]


def test_a_message_from_newer_code_waits_for_a_newer_worker():
    with outbox.transaction():
        message = outbox.enqueue(Versioned(full_name="x"))
    Message.objects.filter(pk=message.pk).update(schema_version=9)
    message = deliver(message)
    assert (message.state, message.error_type) == (State.PENDING, "messaging.payloads.SchemaTooNew")


def test_a_message_that_loses_its_worker_each_time_is_dead_after_five_deliveries():
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


def test_a_redelivery_counts_before_the_work_begins():
    seen = []

    def look(self, payload):
        seen.append(Message.objects.get(pk=self.request.id).attempts)
        with self.complete():
            pass

    behaviour["one"] = look
    message = send(enqueue("one"))
    hand_over(message, redelivered=True)
    message.refresh_from_db()
    assert seen == [1]
    assert (message.state, message.attempts) == (State.DONE, 1)


def test_the_happy_path_looks_nothing_up(django_assert_num_queries):
    message = send(enqueue("ok"))
    with django_assert_num_queries(3):  # BEGIN, UPDATE to done, COMMIT
        hand_over(message)


def test_an_older_copy_does_nothing_while_the_newer_one_waits_for_its_retry():
    behaviour["one"] = fail(TemporaryTrouble())
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


def test_a_message_from_elsewhere_is_kept_as_dead_and_can_be_retried():
    stray = Message(pk=uuid.uuid4(), task="tests.sample", queue="maintenance", payload={"text": "ok"},
                    routing_key="maintenance.sample.low", priority=1, correlation_id=uuid.uuid4())  # fmt: skip
    hand_over(stray, conveyor=None)
    kept = Message.objects.get(pk=stray.pk)
    assert (kept.state, kept.payload) == (State.DEAD, {"text": "ok"})
    assert actions.retry(ids=[kept.pk], actor=Actor.system("ann")).done == [kept.pk]
    assert deliver(kept).state == State.DONE


def test_a_message_whose_row_is_gone_is_kept_and_its_effects_are_not():
    behaviour["one"] = effect
    message = send(enqueue("one"))
    Message.objects.all().delete()
    hand_over(message)
    assert Message.objects.get().state == State.DEAD
    assert not Group.objects.exists()
    Message.objects.all().delete()
    hand_over(message, redelivered=True)
    assert Message.objects.get().error_type == "messaging.transitions.NotInLedger"


def test_a_reliable_task_cannot_be_sent_past_the_ledger():
    with pytest.raises(UseTheLedger, match=r"messaging\.ledger\.enqueue"):
        samples.sample.delay(text="a")
    with pytest.raises(UseTheLedger):
        samples.sample(text="a")


def test_a_hard_time_limit_is_filed_by_the_main_process():
    from billiard.exceptions import TimeLimitExceeded

    message = send(enqueue("one"))
    samples.sample.on_failure(TimeLimitExceeded(3), str(message.pk), (), {}, None)
    message.refresh_from_db()
    assert (message.state, message.error_type) == (State.DEAD, "billiard.exceptions.TimeLimitExceeded")


def test_after_a_hard_time_limit_the_message_is_not_put_back():
    from celery.worker.request import Request

    from messaging.worker.request import ReliableRequest

    rejected = []
    request = ReliableRequest.__new__(ReliableRequest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Request, "reject", lambda self, requeue=False: rejected.append(requeue))
        patch.setattr(Request, "on_timeout", lambda self, soft, timeout: self.reject(requeue=True))
        request.on_timeout(True, 3)
        request.on_timeout(False, 3)
    assert rejected == [True, False]


def test_a_claimed_message_is_claimed_once():
    enqueue("one")
    assert len(claim.claim(limit=10)) == 1
    assert claim.claim(limit=10) == []
