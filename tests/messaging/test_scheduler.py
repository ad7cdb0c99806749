"""Periodic tasks: ticks through the ledger, retention, audit of the invariants."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging import invariants, outbox, retention, scheduler
from messaging.models import Message, State
from messaging.models.uuid7 import first_uuid7_of
from messaging.worker import system_checks
from tests.messaging.deliver import deliver
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)


def enqueue() -> Message:
    with outbox.transaction():
        return outbox.enqueue(Sample(text="ok"))


def aged(days: int, state: str) -> Message:
    moment = timezone.now() - timedelta(days=days)
    with outbox.transaction():
        message = outbox.enqueue(Sample(text="ok"))
    Message.objects.filter(pk=message.pk).update(state=state)
    old_id = first_uuid7_of(moment)
    Message.objects.filter(pk=message.pk).update(id=old_id)
    return Message.objects.get(pk=old_id)


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


def test_only_old_done_messages_are_purged():
    old = aged(40, State.DONE)
    kept = {
        aged(41, State.DEAD).pk,
        aged(42, State.DISCARDED).pk,
        aged(3, State.DONE).pk,
    }
    assert retention.purge_finished(keep=timedelta(days=30)) == 1
    assert not Message.objects.filter(pk=old.pk).exists()
    assert set(Message.objects.values_list("pk", flat=True)) == kept


def test_a_purge_is_bounded():
    for day in range(40, 45):
        aged(day, State.DONE)
    assert retention.purge_finished(keep=timedelta(days=30), limit=3) == 3
    assert Message.objects.count() == 2


def test_the_periodic_audit_logs_what_is_broken(caplog):
    message = enqueue()
    Message.objects.filter(pk=message.pk).update(state=State.DEAD)
    tick = scheduler.tick("messaging.check_invariants")
    assert deliver(tick).state == State.DONE
    assert "invariant broken: every dead message has a failed attempt" in caplog.text


def broken_invariants() -> set[str]:
    return {violation.invariant for violation in invariants.audit()}


def test_an_overdue_message_breaks_the_audit():
    message = enqueue()
    assert broken_invariants() == set()
    Message.objects.filter(pk=message.pk).update(available_at=timezone.now() - 2 * invariants.grace())
    assert broken_invariants() == {"no pending message is overdue"}


def test_a_lost_message_breaks_the_audit():
    message = enqueue()
    Message.objects.filter(pk=message.pk).update(state=State.SENT, sent_at=timezone.now() - 11 * invariants.grace())
    assert broken_invariants() == {"no sent message is lost"}


def test_a_dead_message_without_an_attempt_breaks_the_audit():
    message = enqueue()
    Message.objects.filter(pk=message.pk).update(state=State.DEAD)
    assert broken_invariants() == {"every dead message has a failed attempt"}
