"""Retry, discard and restore: applied once, audited, refused with a reason."""

import uuid
from functools import partial

import pytest

from messaging import outbox, transitions
from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.actions import groups
from messaging.operations.models import AuditEntry
from messaging.operations.permissions import Actor
from messaging.transitions.failure import failure_of, synthetic_failure
from tests.messaging.deliver import deliver, send
from tests.messaging.samples import Sample, behaviour
from tests.races import at_once

ANN, BOB = Actor.system("ann"), Actor.system("bob")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _clean():
    yield
    behaviour.clear()


def dead(text: str = "one") -> Message:
    with outbox.transaction():
        message = outbox.enqueue(Sample(text=text), subject="CV-1")
    transitions.bury(
        message_id=message.pk, sends=send(message).sends, failure=synthetic_failure("Bug", "broken", task=message.task)
    )
    message.refresh_from_db()
    assert message.state == State.DEAD
    return message


def test_a_retry_requeues_the_message_with_fresh_attempts():
    message = dead()
    outcome = actions.retry(ids=[message.pk], actor=ANN, reason="fixed")
    assert (outcome.done, outcome.skipped) == ([message.pk], {})
    message.refresh_from_db()
    assert (message.state, message.attempts, message.retries) == (State.PENDING, 1, 0)
    assert deliver(message).state == State.DONE


def test_a_message_that_fails_again_keeps_both_failures():
    message = dead()
    actions.retry(ids=[message.pk], actor=ANN)

    def break_(self, payload):
        raise KeyError("again")

    behaviour["one"] = break_
    message = deliver(message)
    assert (message.state, message.attempts) == (State.DEAD, 2)
    assert [a.error_type for a in message.attempt_set.all()] == ["Bug", "KeyError"]


def test_the_second_of_two_operators_sees_who_acted_first():
    message = dead()
    actions.retry(ids=[message.pk], actor=ANN)
    outcome = actions.retry(ids=[message.pk], actor=BOB)
    assert outcome.done == []
    assert "no longer dead but pending (retry by ann at" in outcome.skipped[message.pk]


def test_fifty_concurrent_retries_send_it_once():
    message = dead()
    outcomes: list[actions.Outcome] = []

    def press(number: int) -> None:
        outcomes.append(actions.retry(ids=[message.pk], actor=Actor.system(f"operator {number}")))

    at_once(*(partial(press, number) for number in range(50)))
    assert sorted(len(outcome.done) for outcome in outcomes) == [0] * 49 + [1]
    assert AuditEntry.objects.count() == 1


def test_a_discard_keeps_the_record_and_the_reason():
    message = dead()
    assert actions.discard(ids=[message.pk], actor=ANN, reason="test order").done == [message.pk]
    message.refresh_from_db()
    assert (message.state, message.note) == (State.DISCARDED, "test order")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.reason) == ("discard", "ann", "test order")
    assert "discarded (discard by ann" in actions.retry(ids=[message.pk], actor=BOB).skipped[message.pk]


def test_undoing_a_discard_leaves_what_was_discarded_anew():
    one, other = dead().pk, dead().pk
    first = actions.discard(ids=[one, other], actor=ANN, reason="a test").operation_id
    actions.restore(ids=[one], actor=BOB)
    actions.discard(ids=[one], actor=BOB, reason="paid by bank transfer")
    assert groups.discarded_by(first) == 1
    assert actions.restore_operation(operation_id=first, actor=ANN) == 1
    assert dict(Message.objects.values_list("pk", "state")) == {one: State.DISCARDED, other: State.DEAD}


def test_a_discard_without_a_reason_is_refused():
    message = dead()
    with pytest.raises(ValueError, match="reason is required"):
        actions.discard(ids=[message.pk], actor=ANN, reason=" ")
    message.refresh_from_db()
    assert message.state == State.DEAD


def test_only_messages_that_can_be_sent_are_retried():
    unknown, junk = uuid.uuid4(), uuid.uuid4()
    failure = synthetic_failure("UnknownTask", "no such task", task="x")
    transitions.file_stray(message_id=unknown, failure=failure, queue="payments", task="no.such", payload={})
    transitions.file_stray(message_id=junk, failure=failure, queue="payments", raw_body=b"\xff")
    outcome = actions.retry(ids=[unknown, junk, absent := uuid.uuid4()], actor=ANN)
    assert outcome.done == []
    assert "no worker of this release knows the task 'no.such'" in outcome.skipped[unknown]
    assert "could not be read" in outcome.skipped[junk]
    assert "no such message" in outcome.skipped[absent]


def test_a_stray_with_a_foreign_routing_key_is_retried_with_its_tasks_key():
    id_ = uuid.uuid4()
    failure = synthetic_failure("NotInLedger", "from elsewhere", task="tests.sample")
    transitions.file_stray(
        message_id=id_,
        failure=failure,
        queue="payments",
        task="tests.sample",
        payload={"text": "ok"},
        routing_key="odd",
    )
    assert actions.retry(ids=[id_], actor=ANN).done == [id_]
    message = Message.objects.get()
    assert (message.routing_key, message.queue) == ("maintenance.sample.low", "maintenance")
    assert deliver(message).state == State.DONE


def test_a_stray_message_is_filed_once():
    id_ = uuid.uuid4()
    for _ in range(2):
        transitions.file_stray(message_id=id_, failure=synthetic_failure("X", "x", task=""), queue="payments")
    assert Message.objects.get().attempt_set.count() == 1


def test_a_message_that_is_not_in_flight_cannot_fail():
    message = dead()
    failure = synthetic_failure("X", "x", task="")
    assert transitions.bury(message_id=message.pk, sends=1, failure=failure) is None
    assert transitions.reschedule(message_id=message.pk, sends=1, failure=failure, delay=1, limit=5) is None
    assert transitions.reopen(message_id=message.pk, sends=1, lost=None, limit=5) is None
    assert transitions.settle(message_id=message.pk, sends=1) is False


def test_equal_failures_share_a_fingerprint_and_others_do_not():
    def raise_(error):
        try:
            raise error
        except Exception as caught:
            return failure_of(caught, task="t")

    assert raise_(KeyError("a")).fingerprint == raise_(KeyError("b")).fingerprint
    assert raise_(KeyError("a")).fingerprint != raise_(ValueError("a")).fingerprint
    assert failure_of(KeyError("a"), task="t").fingerprint != failure_of(KeyError("a"), task="u").fingerprint


def test_a_failure_contains_no_character_the_database_rejects():
    failure = failure_of(ValueError("a\x00b"), task="t")
    assert "\x00" not in failure.error_message + failure.traceback
