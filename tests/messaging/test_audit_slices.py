"""The periodic audit: what changed since the last look, everything at night, both in bounded slices."""

import logging
from collections.abc import Iterator

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging import outbox, scheduler
from messaging.invariants import Feed, Invariant, Scope, periodic, registry
from messaging.models import Message, QueuePause, State
from messaging.models.uuid7 import uuid7
from messaging.worker import slices
from tests.delivery import run_periodic
from tests.messaging.deliver import deliver

pytestmark = pytest.mark.django_db(transaction=True)
RECENT, WHOLE = "messaging.check_invariants", "messaging.check_everything"
DEAD = "invariant broken: every dead message has a failed attempt"
#: Any table will do for rows and for changes.
ROWS = Scope("pauses", QueuePause.objects.all(), (Feed(QueuePause.objects.all()),))


@pytest.fixture(autouse=True)
def informed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Replaces all invariants by one that notes which rows each call is about."""
    calls: list[list[int]] = []

    def check(rows: QuerySet[QueuePause]) -> Iterator[str]:
        calls.append(sorted(rows.values_list("pk", flat=True)))
        return iter([])

    monkeypatch.setattr(registry, "_REGISTRY", {"noted": Invariant("noted", check, ROWS)})
    return calls


def rows(count: int) -> list[int]:
    first = QueuePause.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    QueuePause.objects.bulk_create(
        QueuePause(queue=f"q{first + n}", paused_by="ann", reason="test", resumed_at=timezone.now())
        for n in range(count)
    )
    return list(QueuePause.objects.filter(pk__gt=first).order_by("pk").values_list("pk", flat=True))


def dead_without_attempt() -> Message:
    return Message.objects.create(
        task="t", queue="maintenance", correlation_id=uuid7(), state=State.DEAD, finished_at=timezone.now()
    )


def test_the_first_look_takes_stock_and_later_ones_check_only_what_changed(seen: list[list[int]]):
    rows(5)
    run_periodic(RECENT)
    run_periodic(RECENT)
    assert seen == []
    changed = rows(2)
    run_periodic(RECENT)
    run_periodic(RECENT)
    assert seen == [changed]
    run_periodic(RECENT)
    assert seen == [changed]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no arrays")
def test_the_keys_of_what_changed_are_one_parameter(seen: list[list[int]]):
    rows(1)
    run_periodic(RECENT)
    run_periodic(RECENT)
    changed = rows(3)
    run_periodic(RECENT)
    with CaptureQueriesContext(connection) as captured:
        run_periodic(RECENT)
    assert seen == [changed]
    assert [query for query in captured if "IN (SELECT unnest(" in query["sql"]]


def test_a_look_ends_where_the_one_before_it_ended(seen: list[list[int]]):
    """A transaction that commits later than one with a higher key is thus not overlooked."""
    run_periodic(RECENT)
    first = rows(1)
    run_periodic(RECENT)
    assert seen == []
    second = rows(1)
    run_periodic(RECENT)
    assert seen == [first]
    run_periodic(RECENT)
    assert seen == [first, second]


def test_a_look_at_many_changes_is_a_chain_of_bounded_slices(seen: list[list[int]], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(slices, "ROWS", 3)
    run_periodic(RECENT)
    changed = rows(8)
    assert len(run_periodic(RECENT)) == 1
    assert len(run_periodic(RECENT)) == 3
    assert seen == [changed[:3], changed[3:6], changed[6:]]
    assert len(run_periodic(RECENT)) == 1


@pytest.mark.usefixtures("one_step_slices")
def test_the_whole_audit_walks_over_all_rows_in_bounded_slices(
    seen: list[list[int]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(slices, "ROWS", 3)
    all_rows = rows(7)
    assert len(run_periodic(WHOLE)) == 4
    assert seen == [all_rows[:3], all_rows[3:6], all_rows[6:]]
    assert "audit: everything checked, 0 violations" in caplog.text


@pytest.mark.usefixtures("one_step_slices")
def test_no_second_run_starts_while_a_chain_goes_on(seen: list[list[int]], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(slices, "ROWS", 1)
    rows(2)
    first = scheduler.tick(WHOLE)
    assert first is not None
    deliver(first)
    assert scheduler.tick(WHOLE) is None
    assert Message.objects.live().get(task=WHOLE).payload["after"]


@pytest.mark.parametrize("task", [RECENT, WHOLE])
def test_a_dead_message_without_an_attempt_is_logged(task: str, caplog: pytest.LogCaptureFixture):
    run_periodic(task)
    message = dead_without_attempt()
    run_periodic(task)
    run_periodic(task)
    assert f"{DEAD}: t {message.pk}" in caplog.text


def test_a_check_with_a_bug_is_reported_and_the_others_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def bug() -> Iterator[str]:
        raise ZeroDivisionError

    both = {"a": Invariant("a", bug), "b": Invariant("b", lambda: iter(["is broken"]))}
    monkeypatch.setattr(registry, "_REGISTRY", both)
    (message,) = run_periodic(RECENT)
    message.refresh_from_db()
    assert message.state == State.DONE
    assert "invariant could not be checked: a" in caplog.text
    assert "invariant broken: b: is broken" in caplog.text


def test_a_soft_time_limit_in_a_check_ends_the_slice(monkeypatch: pytest.MonkeyPatch):
    def too_long() -> Iterator[str]:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(registry, "_REGISTRY", {"a": Invariant("a", too_long)})
    monkeypatch.setattr("celery.app.autoretry.get_exponential_backoff_interval", lambda **_: 30)
    (message,) = run_periodic(RECENT)
    message.refresh_from_db()
    assert (message.state, message.error_type) == (State.PENDING, "billiard.exceptions.SoftTimeLimitExceeded")


def test_the_log_of_a_whole_audit_is_bounded(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    monkeypatch.setattr(periodic, "MAX_LOGGED", 2)
    monkeypatch.setattr(slices, "ROWS", 2)
    broken = Invariant("broken", lambda found: (f"row {row.pk}" for row in found), ROWS)
    monkeypatch.setattr(registry, "_REGISTRY", {"broken": broken})
    rows(5)
    run_periodic(WHOLE)
    assert caplog.text.count("invariant broken") == 2
    assert "everything checked, 5 violations" in caplog.text


def test_an_old_message_of_an_earlier_release_is_understood():
    with outbox.transaction():
        message = outbox.enqueue(periodic.CheckInvariants())
    Message.objects.filter(pk=message.pk).update(payload={}, schema_version=1)
    assert deliver(message).state == State.DONE
