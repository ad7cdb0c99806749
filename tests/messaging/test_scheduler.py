"""Periodic tasks: ticks through the ledger, retention in slices, the engine's invariants."""

import uuid
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from messaging import invariants, outbox, retention, scheduler
from messaging.models import Attempt, Message, State
from messaging.models.uuid7 import uuid7
from messaging.worker import slices, system_checks
from tests.delivery import deliver_due
from tests.messaging.deliver import deliver, hand_over, send
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)
PURGE, KEEP = "messaging.purge_finished", timedelta(days=30)


def enqueue() -> Message:
    with outbox.transaction():
        return outbox.enqueue(Sample(text="ok"))


def finished(days_ago: float, state: str = State.DONE, *, created: int = 0) -> Message:
    """A message that ended `days_ago` and was created `created` days ago, which its id tells."""
    now = timezone.now()
    message = enqueue()
    id_ = uuid.UUID(int=message.pk.int - (int(timedelta(days=created).total_seconds() * 1000) << 80))
    ended_at = None if state == State.PENDING else now - timedelta(days=days_ago)
    Message.objects.filter(pk=message.pk).update(id=id_, state=state, finished_at=ended_at)
    return Message.objects.get(pk=id_)


def many_finished(count: int) -> None:
    ended_at = timezone.now() - timedelta(days=40)
    Message.objects.bulk_create(
        Message(task="t", queue="maintenance", correlation_id=uuid7(), state=State.DONE, finished_at=ended_at)
        for _ in range(count)
    )


def test_a_tick_is_a_message_with_low_priority():
    message = scheduler.tick("messaging.purge_finished")
    assert (message.task, message.priority) == ("messaging.purge_finished", 1)
    assert deliver(message).state == State.DONE


def test_ticks_do_not_pile_up_without_workers():
    assert scheduler.tick("messaging.purge_finished") is not None
    assert scheduler.tick("messaging.purge_finished") is None
    assert Message.objects.count() == 1


def test_an_unknown_task_in_the_schedule_is_an_error():
    with pytest.raises(LookupError, match=r"no\.such"):
        scheduler.tick("no.such")


def test_every_scheduled_task_has_a_payload_without_arguments(settings):
    from messaging.payloads import payload_for

    assert settings.CELERY["beat_schedule"]
    for entry in settings.CELERY["beat_schedule"].values():
        payload_for(entry["task"])()


def test_a_visibility_timeout_below_the_time_limit_raises_a_warning(settings):
    settings.CONVEYOR_VISIBILITY, settings.CONVEYOR_TASK_TIME_LIMIT = 60, 25
    assert system_checks.visibility_exceeds_the_time_limit() == []
    settings.CONVEYOR_VISIBILITY = 49
    (warning,) = system_checks.visibility_exceeds_the_time_limit()
    assert "at least 50" in str(warning.hint)


def test_only_messages_that_succeeded_long_ago_are_purged_with_their_attempts():
    old = finished(40)
    Attempt.objects.create(message=old, number=1, error_type="Bug")
    kept = {
        finished(41, State.DEAD).pk,
        finished(42, State.DISCARDED).pk,
        finished(3).pk,
        finished(0, State.PENDING).pk,
    }
    assert retention.purge_finished(keep=KEEP) == 1
    assert set(Message.objects.values_list("pk", flat=True)) == kept
    assert not Attempt.objects.exists()


def test_a_message_that_succeeded_late_is_kept_from_its_end_on():
    """As after an operator's retry of a message that was dead for weeks."""
    late = finished(1, created=40)
    assert retention.purge_finished(keep=KEEP) == 0
    Message.objects.filter(pk=late.pk).update(finished_at=timezone.now() - timedelta(days=31))
    assert retention.purge_finished(keep=KEEP) == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has this host's clock")
@pytest.mark.parametrize("days", [-20, 20])
def test_the_clock_of_the_host_purges_nothing_early_or_late(days):
    kept, old = finished(20), finished(40)
    with time_machine.travel(timezone.now() + timedelta(days=days)):
        assert retention.purge_finished(keep=KEEP) == 1
    assert Message.objects.get() == kept != old


def test_a_batch_of_the_purge_is_bounded():
    many_finished(5)
    assert retention.purge_finished(keep=KEEP, limit=3) == 3
    assert Message.objects.count() == 2


def test_the_ids_of_a_batch_are_one_parameter_on_postgresql():
    """A placeholder for each id doubles the time of the deletion."""
    many_finished(50)
    counts = {}

    def count(execute, sql, parameters, *rest):
        counts[sql.split()[0]] = len(parameters or ())
        return execute(sql, parameters, *rest)

    with connection.execute_wrapper(count):
        assert retention.purge_finished(keep=KEEP) == 50
    assert counts["DELETE"] == (1 if connection.vendor == "postgresql" else 50)


def test_one_run_purges_all_in_batches():
    many_finished(2 * slices.ROWS + 1)
    scheduler.tick(PURGE)
    deliver_due()
    assert not Message.objects.exclude(task=PURGE).exists()


@pytest.mark.usefixtures("one_step_slices")
def test_a_purge_whose_time_is_up_goes_on_in_the_next_message(monkeypatch):
    """Whose insertion commits with the end of its predecessor, so that no tick finds neither of them."""
    monkeypatch.setattr(retention, "purge_finished", partial(retention.purge_finished, limit=2))
    many_finished(6)
    first = deliver(scheduler.tick(PURGE))
    assert first.state == State.DONE
    assert scheduler.tick(PURGE) is None
    runs = deliver_due()
    assert {message.task for message in runs} == {PURGE}
    assert not Message.objects.exclude(task=PURGE).exists()
    assert not Message.objects.live().exists()


def test_an_older_run_leaves_the_work_to_a_newer_one():
    """Two exist only after an operator's retry of a slice that was dead."""
    many_finished(1)
    old = send(scheduler.tick(PURGE))
    with outbox.transaction():
        outbox.enqueue(retention.PurgeFinished())
    hand_over(old)
    assert Message.objects.filter(task="t").exists()
    assert Message.objects.live().filter(task=PURGE).count() == 1


def broken_invariants() -> set[str]:
    return {violation.invariant for violation in invariants.audit()}


def test_an_overdue_message_breaks_the_audit():
    message = enqueue()
    assert broken_invariants() == set()
    Message.objects.filter(pk=message.pk).update(available_at=timezone.now() - 2 * invariants.grace())
    assert broken_invariants() == {"no pending message is overdue"}


def test_a_lost_message_breaks_the_audit():
    message = enqueue()
    later, now = enqueue(), timezone.now()
    Message.objects.filter(pk=message.pk).update(state=State.SENT, sent_at=now - 11 * invariants.grace())
    Message.objects.filter(pk=later.pk).update(state=State.DONE, sent_at=now, finished_at=now)
    assert broken_invariants() == {"no sent message is lost"}


def test_a_dead_message_without_an_attempt_breaks_the_audit():
    message = enqueue()
    Message.objects.filter(pk=message.pk).update(state=State.DEAD)
    assert broken_invariants() == {"every dead message has a failed attempt"}
