"""Failure groups: counters, states, permissions, append-only audit log."""

import threading
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging import outbox, scheduler, transitions
from messaging.models import Message, State
from messaging.operations import actions, audit
from messaging.operations.actions import groups
from messaging.operations.models import AppendOnly, AuditEntry, FailureGroup, FailureHour, GroupState, PayloadEdit
from messaging.operations.permissions import DISCARD, RETRY, Actor
from messaging.transitions.failure import synthetic_failure
from tests.messaging.deliver import deliver, send
from tests.messaging.samples import Sample
from tests.patience import PATIENCE
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")
NOBODY = Actor("eve", may=lambda codename: False)


def dead(*, error: str = "Bug", text: str = "one") -> Message:
    with outbox.transaction():
        message = outbox.enqueue(Sample(text=text), subject="CV-1")
    transitions.bury(
        message_id=message.pk, sends=send(message).sends, failure=synthetic_failure(error, "broken", task=message.task)
    )
    message.refresh_from_db()
    return message


def group_of(message: Message) -> FailureGroup:
    return FailureGroup.objects.get(pk=message.fingerprint)


@pytest.mark.parametrize("action", [actions.retry, actions.discard, actions.restore])
def test_an_action_without_its_permission_is_refused(action):
    message = dead()
    with pytest.raises(PermissionDenied):
        action(ids=[message.pk], actor=NOBODY, reason="because")
    message.refresh_from_db()
    assert message.state == State.DEAD
    assert not AuditEntry.objects.exists()


def test_an_actor_has_the_permissions_of_its_user():
    user = get_user_model().objects.create_user("olga", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename=RETRY))
    olga = Actor.of(user)
    assert (olga.name, olga.may(RETRY), olga.may(DISCARD)) == ("olga", True, False)


def test_deaths_are_counted_by_group_and_hour():
    first, second, other = dead(), dead(), dead(error="Other")
    group = group_of(first)
    assert (group.dead_count, group.failures, group.state) == (2, 2, GroupState.OPEN)
    assert (group.task, group.queue, group.error_type) == ("tests.sample", "maintenance", "Bug")
    assert (group.example, group.last_seen) == (second.pk, second.finished_at)
    assert group.first_seen == first.finished_at
    assert group_of(other).dead_count == 1
    assert sum(FailureHour.objects.filter(fingerprint=group.pk).values_list("count", flat=True)) == 2


def test_retry_discard_and_restore_update_the_groups_count():
    retried, discarded, kept = dead(), dead(), dead()
    actions.retry(ids=[retried.pk], actor=ANN)
    actions.discard(ids=[discarded.pk], actor=ANN, reason="a test")
    assert group_of(kept).dead_count == 1
    actions.restore(ids=[discarded.pk], actor=ANN)
    group = group_of(kept)
    assert (group.dead_count, group.failures) == (2, 3)


def test_a_resolved_group_that_fails_again_has_regressed():
    message = dead()
    FailureGroup.objects.update(state=GroupState.RESOLVED)
    dead()
    assert group_of(message).state == GroupState.REGRESSED


def test_an_acknowledged_group_that_fails_again_stays_acknowledged():
    message = dead()
    FailureGroup.objects.update(state=GroupState.ACKNOWLEDGED)
    dead()
    assert group_of(message).state == GroupState.ACKNOWLEDGED


def test_a_group_is_resolved_once_all_its_tasks_have_succeeded_or_been_discarded():
    retried, discarded, other = dead(), dead(), dead(error="Other")
    actions.retry(ids=[retried.pk], actor=ANN)
    actions.discard(ids=[discarded.pk], actor=ANN, reason="a test")
    check_alerts()
    assert group_of(retried).state == GroupState.OPEN, "it may die again"
    Message.objects.filter(pk=retried.pk).update(state=State.DONE)
    check_alerts()
    assert group_of(retried).state == GroupState.RESOLVED
    assert group_of(other).state == GroupState.OPEN
    entry = AuditEntry.objects.get(action="group resolved")
    assert (entry.group, entry.actor) == (retried.fingerprint, "desk")


@pytest.mark.parametrize("state", [GroupState.ACKNOWLEDGED, GroupState.REGRESSED])
def test_a_group_that_an_operator_follows_is_resolved_by_an_operator(state):
    message = dead()
    actions.discard(ids=[message.pk], actor=ANN, reason="a test")
    FailureGroup.objects.update(state=state)
    check_alerts()
    assert group_of(message).state == state


def test_a_group_stays_open_while_a_message_is_retried_by_itself_after_the_same_failure():
    message, other = dead(), send(_enqueued())
    actions.discard(ids=[message.pk], actor=ANN, reason="a test")
    failure = synthetic_failure("Bug", "broken", task=Sample.task)
    transitions.reschedule(message_id=other.pk, sends=1, failure=failure, delay=60.0, limit=5)
    check_alerts()
    assert group_of(message).state == GroupState.OPEN, "else its death would look like a failure that is back"
    Message.objects.filter(pk=other.pk).update(state=State.DONE)
    check_alerts()
    assert group_of(message).state == GroupState.RESOLVED


def test_a_group_that_an_operator_reopened_waits_for_the_operator():
    message = dead()
    actions.discard(ids=[message.pk], actor=ANN, reason="a test")
    check_alerts()
    actions.set_group_state(fingerprint=message.fingerprint, state=GroupState.OPEN, actor=ANN)
    actions.retry(ids=[dead().pk], actor=ANN)
    Message.objects.filter(state=State.PENDING, task=Sample.task).update(state=State.DONE)
    check_alerts()
    assert group_of(message).state == GroupState.OPEN
    actions.set_group_state(fingerprint=message.fingerprint, state=GroupState.RESOLVED, actor=ANN)
    assert group_of(dead()).state == GroupState.REGRESSED


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_group_that_is_just_changing_is_resolved_another_time():
    message, other = dead(), _enqueued()
    actions.discard(ids=[message.pk], actor=ANN, reason="a test")
    is_held, is_checked = threading.Event(), threading.Event()

    def die_and_be_retried() -> None:
        with transaction.atomic():
            transitions.bury(
                message_id=other.pk, sends=send(other).sends, failure=synthetic_failure("Bug", "", task=Sample.task)
            )
            actions.retry(ids=[other.pk], actor=ANN)
            is_held.set()
            is_checked.wait(PATIENCE)

    def check() -> None:
        assert is_held.wait(PATIENCE)
        groups.resolve_settled()
        is_checked.set()

    assert at_once(die_and_be_retried, check) == [None, None]
    assert group_of(message).state == GroupState.OPEN


def check_alerts() -> None:
    scheduler.tick("operations.raise_alerts")
    checks = Message.objects.filter(task="operations.raise_alerts", state=State.PENDING)
    checks.update(available_at=timezone.now())
    assert deliver(checks.get()).state == State.DONE


def test_concurrent_deaths_are_all_counted():
    messages = [send(_enqueued()) for _ in range(8)]

    failure = synthetic_failure("Bug", "broken", task=Sample.task)
    at_once(*(partial(transitions.bury, message_id=one.pk, sends=1, failure=failure) for one in messages))
    assert FailureGroup.objects.get().dead_count == 8


def _enqueued() -> Message:
    with outbox.transaction():
        return outbox.enqueue(Sample(text="one"))


def test_a_restored_message_is_as_it_was():
    message = dead()
    actions.discard(ids=[message.pk], actor=ANN, reason="a mistake")
    assert actions.restore(ids=[message.pk], actor=ANN, reason="it was one").done == [message.pk]
    restored = Message.objects.get()
    assert (restored.state, restored.note) == (State.DEAD, "")
    died = restored.attempt_set.get().ended_at
    assert restored.finished_at == died
    assert abs(died - message.finished_at) < timedelta(seconds=5)
    assert audit.last_move(message.pk).action == "restore"


def test_only_discarded_messages_are_restored():
    message = dead()
    actions.retry(ids=[message.pk], actor=ANN)
    skipped = actions.restore(ids=[message.pk], actor=ANN).skipped
    assert "no longer discarded but pending (retry by ann" in skipped[message.pk]


def test_an_audit_entry_can_be_neither_changed_nor_deleted():
    entry = audit.record(action="retry", actor=ANN)
    entry.reason = "another"
    for forbidden in (
        entry.save,
        entry.delete,
        lambda: AuditEntry.objects.update(reason="another"),
        lambda: AuditEntry.objects.all().delete(),
    ):
        with pytest.raises(AppendOnly):
            forbidden()


@pytest.mark.parametrize("model", [AuditEntry, PayloadEdit])
@pytest.mark.parametrize("statement", ["UPDATE {table} SET reason = 'x'", "DELETE FROM {table}"])
def test_the_database_refuses_changes_to_records(model, statement):
    blank = dead().pk
    needed = {"before": {}, "after": {}} if model is PayloadEdit else {}
    model.objects.create(actor="ann", message_id=blank, reason="why", **needed)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table=model._meta.db_table))
    assert model.objects.get().reason == "why"


def test_undoing_a_discard_restores_the_times_of_death_and_loads_no_logs():
    """A log and its outside calls have up to 80,000 characters, and a batch has 1,000 messages."""
    died_at = {message.pk: message.finished_at for message in (dead(), dead())}
    operation = actions.discard(ids=died_at, actor=ANN, reason="a test").operation_id
    with CaptureQueriesContext(connection) as queries:
        assert actions.restore_operation(operation_id=operation, actor=ANN) == 2
    restored = dict(Message.objects.values_list("pk", "finished_at"))
    assert all(abs(restored[id_] - at) < timedelta(seconds=1) for id_, at in died_at.items())
    assert not [query["sql"] for query in queries if '"log"' in query["sql"]]
