"""Preview of a bulk retry: selection, verdicts, audit."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.utils import timezone

from messaging.hooks import already_done
from messaging.models import Message, State
from messaging.operations.bulk_retry import services
from messaging.operations.bulk_retry.selection import Filters, Selection
from messaging.operations.models import AuditEntry, ItemOutcome, SkipReason
from messaging.operations.permissions import Actor
from messaging.payloads import payload_for
from tests.messaging.operations.bulk_retry.dead import ANN, dead, previewed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_checks(monkeypatch):
    monkeypatch.setattr(already_done, "_CHECKS", {})


def reasons(operation) -> dict:
    skipped = operation.items.exclude(reason="")
    return {item.message_id: (item.reason, item.detail) for item in skipped}


def test_valid_messages_are_retried_in_the_order_of_death():
    messages = dead(3)
    operation = previewed()
    assert (operation.will_go, operation.waiting, operation.skipped) == (3, 3, 0)
    assert list(operation.items.order_by("position").values_list("message_id", flat=True)) == [m.pk for m in messages]
    assert set(Message.objects.values_list("state", flat=True)) == {State.DEAD}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"task": "", "payload": {}}, SkipReason.UNREADABLE),
        ({"task": "gone.task"}, SkipReason.UNKNOWN_TASK),
        ({"payload": {"text": 5}}, SkipReason.WRONG_ARGUMENTS),
        ({"payload": ["text"]}, SkipReason.WRONG_ARGUMENTS),
        ({"schema_version": 2}, SkipReason.SCHEMA_TOO_NEW),
        ({"schema_version": 0}, SkipReason.SCHEMA_TOO_OLD),
        ({"task": "tests.versioned", "payload": {"nickname": "x"}}, SkipReason.SCHEMA_TOO_OLD),
    ],
)
def test_messages_that_cannot_succeed_are_skipped_with_a_reason(changes, reason):
    dead(2)
    (message,) = dead(**changes)
    operation = previewed()
    assert (operation.will_go, operation.skipped) == (2, 1)
    assert reasons(operation)[message.pk][0] == reason


def test_an_old_message_that_can_be_upgraded_is_retried():
    dead(task="tests.versioned", payload={"name": "Ada"}, schema_version=1)
    assert previewed().will_go == 1


def test_a_message_an_app_reports_as_done_is_skipped_with_the_detail():
    first, second = dead(2)
    already_done.register("tests.sample", lambda payloads: {id_: "it is here" for id_ in payloads if id_ == first.pk})
    operation = previewed()
    assert reasons(operation) == {first.pk: (SkipReason.ALREADY_DONE, "it is here")}
    assert operation.items.get(message_id=second.pk).outcome == ItemOutcome.WAITING


def test_a_message_on_which_a_check_fails_is_retried_and_the_others_keep_their_answer():
    first, second, third = dead(3)

    def check(payloads):
        if second.pk in payloads:
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        return {id_: "it is here" for id_ in payloads if id_ == first.pk}

    already_done.register("tests.sample", check)
    operation = previewed()
    assert reasons(operation) == {first.pk: (SkipReason.ALREADY_DONE, "it is here")}
    assert operation.will_go == 2
    assert third.pk


def test_an_outage_of_the_database_is_no_verdict():
    def check(payloads):
        raise OperationalError("the server closed the connection")

    dead(1)
    already_done.register("tests.sample", check)
    with pytest.raises(OperationalError, match="closed"):
        previewed()


def test_a_lift_that_fails_in_its_own_way_is_a_reason(monkeypatch):
    (message,) = dead(task="tests.versioned", payload={"name": "Ada"}, schema_version=1)
    kind = payload_for("tests.versioned")
    monkeypatch.setattr(kind, "lifts", dict.fromkeys(kind.lifts, lambda data: data["name"].no_such_method()))
    assert reasons(previewed())[message.pk][0] == SkipReason.WRONG_ARGUMENTS


def test_two_checks_of_one_task_are_refused():
    already_done.register("tests.sample", lambda payloads: {})
    with pytest.raises(ValueError, match="two checks"):
        already_done.register("tests.sample", lambda payloads: {})


def test_a_message_superseded_by_a_newer_success_is_skipped():
    now = timezone.now()
    (overtaken,) = dead(subject="CV-1", created_at=now - timedelta(hours=2))
    (latest,) = dead(subject="CV-1", created_at=now)
    (other_subject,) = dead(subject="CV-2", created_at=now - timedelta(hours=2))
    (other_task,) = dead(subject="CV-1", task="tests.versioned", payload={"full_name": "Ada"}, schema_version=3,
                         created_at=now - timedelta(hours=2))  # fmt: skip
    dead(subject="", created_at=now - timedelta(hours=2))
    dead(2, state=State.DONE, subject="CV-1", created_at=now - timedelta(hours=1))
    dead(state=State.DONE, subject="", created_at=now - timedelta(hours=1))
    operation = previewed()
    assert reasons(operation) == {overtaken.pk: (SkipReason.NEWER_SUCCEEDED, "")}
    will_go = set(operation.items.filter(reason="").values_list("message_id", flat=True))
    assert {latest.pk, other_subject.pk, other_task.pk} < will_go


def test_an_id_that_is_no_longer_dead_is_skipped():
    (gone,) = dead(state=State.DONE)
    (message,) = dead()
    selection = Selection.by_ids([gone.pk, message.pk])
    operation = services.preview(selection=selection, actor=ANN)
    assert reasons(operation) == {gone.pk: (SkipReason.CHANGED, "succeeded")}
    assert (operation.chosen, operation.will_go) == ({"ids": 2}, 1)


def test_messages_that_die_after_the_preview_are_not_part_of_it():
    dead(2)
    operation = previewed()
    dead(3)
    assert operation.items.count() == 2


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"queue": "payments"}, 1),
        ({"task": "tests.sample"}, 3),
        ({"error": "bug"}, 3),
        ({"error": "ROKE"}, 3),
        ({"error": "timeout"}, 1),
        ({"group": "f2"}, 1),
        ({"subject": "CV-2"}, 1),
        ({"queue": "payments", "subject": "CV-1"}, 0),
        ({}, 4),
    ],
)
def test_filters_narrow_the_selection(filters, found):
    dead(3)
    dead(
        queue="payments",
        task="gone.task",
        error_type="bank.Timeout",
        error_message="late",
        fingerprint="f2",
        subject="CV-2",
    )
    operation = previewed(**filters)
    assert operation.items.count() == found
    assert operation.chosen == (filters or {"all": True})


def test_an_outage_is_selected_by_its_times():
    now = timezone.now()
    for hours in (1, 2, 3):
        dead(finished_at=now - timedelta(hours=hours))
    chosen = Filters(since=now - timedelta(hours=2), until=now - timedelta(hours=1))
    assert chosen.messages().count() == 1
    assert chosen.as_dict() == {"since": chosen.since.isoformat(), "until": chosen.until.isoformat()}


def test_thousands_take_a_few_statements(django_assert_max_num_queries):
    dead(2500, subject="CV-1")
    with django_assert_max_num_queries(40):
        assert previewed().will_go == 2500


def test_a_selection_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(services, "MAX_MESSAGES", 2)
    dead(3)
    with pytest.raises(services.TooManyMessages, match="Narrow"):
        previewed()


def test_a_preview_is_audited_and_needs_the_permission():
    dead()
    operation = services.preview(selection=Selection.by_filters(Filters()), actor=ANN, reason="the bank is back")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.reason) == ("bulk preview", "ann", "the bank is back")
    assert (entry.operation_id, entry.data) == (operation.pk, {"will_go": 1, "skipped": 0})
    nobody = Actor(name="bob", may=lambda codename: codename != "bulk_retry")
    with pytest.raises(PermissionDenied):
        services.preview(selection=Selection.by_filters(Filters()), actor=nobody)
