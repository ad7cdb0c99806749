"""Alerts: each condition is reported once, and again only when it returns."""

import logging
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from messaging import outbox, scheduler, transitions
from messaging.models import Message, State
from messaging.operations import actions, alerts, retention
from messaging.operations.models import Alert, AuditEntry, FailureGroup, FailureHour, GroupState
from messaging.operations.permissions import Actor
from messaging.transitions.failure import synthetic_failure
from tests.messaging.deliver import deliver, send
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")


@pytest.fixture(autouse=True)
def _addresses(settings):
    settings.CONVEYOR_ALERT_EMAILS = ["ops@example.com"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def enqueued() -> Message:
    with outbox.transaction():
        return outbox.enqueue(Sample(text="one"))


def dead() -> Message:
    message = send(enqueued())
    transitions.bury(message_id=message.pk, failure=synthetic_failure("Bug", "broken", task=message.task))
    message.refresh_from_db()
    return message


def raised(check=alerts.raise_alerts) -> list[str]:
    return [alert.key.partition(":")[0] for alert in check()]


def test_a_new_group_is_reported_once_by_mail_and_log(caplog):
    dead()
    with caplog.at_level(logging.WARNING):
        assert raised() == ["new"]
        assert raised() == []
    assert [message.subject for message in mail.outbox] == ["[conveyor] New failure: Bug in tests.sample (1 dead)."]
    assert "/admin/operations/failuregroup/" in mail.outbox[0].body
    assert sum("alert:" in record.message for record in caplog.records) == 1


def test_a_regressed_group_is_reported_each_time_it_regresses():
    dead()
    raised()
    for _ in range(2):
        FailureGroup.objects.update(state=GroupState.RESOLVED)
        assert raised() == []
        dead()
        assert raised() == ["regressed"]
        assert raised() == []


def test_growth_is_reported_above_its_bound(settings):
    settings.CONVEYOR_ALERT_GROWTH = 3
    dead()
    dead()
    assert raised() == ["new"]
    dead()
    assert raised() == ["growth"]
    Message.objects.update(finished_at=timezone.now() - timedelta(minutes=settings.CONVEYOR_ALERT_GROWTH_MINUTES + 1))
    assert raised() == []
    assert Alert.objects.get(key__startswith="growth").cleared_at is not None


def test_a_message_that_is_dead_for_too_long_is_reported(settings):
    message = dead()
    raised()
    Message.objects.update(finished_at=timezone.now() - timedelta(hours=settings.CONVEYOR_ALERT_OLDEST_HOURS + 1))
    assert raised() == ["oldest"]
    actions.retry(ids=[message.pk], actor=ANN)
    assert raised() == []


def test_beat_reports_a_missing_relay(settings):
    message = enqueued()
    assert raised(alerts.watch_relay) == []
    late = timezone.now() - timedelta(seconds=settings.CONVEYOR_ALERT_RELAY_SECONDS + 1)
    Message.objects.update(available_at=late)
    assert raised(alerts.watch_relay) == ["relay"]
    assert raised(alerts.watch_relay) == []
    assert raised() == []
    deliver(message)
    raised(alerts.watch_relay)
    assert Alert.objects.get(key="relay").cleared_at is not None


def test_an_email_that_fails_is_sent_at_the_next_check(settings, monkeypatch):
    def broken(*args, **kwargs):
        raise OSError("no mail server")

    dead()
    with monkeypatch.context() as patch:
        patch.setattr(alerts, "send_mail", broken)
        assert raised() == []
    assert raised() == ["new"]
    assert len(mail.outbox) == 1


def test_without_addresses_alerts_are_only_logged(settings):
    settings.CONVEYOR_ALERT_EMAILS = []
    dead()
    assert raised() == ["new"]
    assert mail.outbox == []


def test_alerts_are_checked_by_a_periodic_task():
    dead()
    message = scheduler.tick("operations.raise_alerts")
    assert deliver(message).state == State.DONE
    assert len(mail.outbox) == 1


def test_purging_discarded_messages_is_delayed_logged_and_audited(caplog):
    message, kept = dead(), dead()
    actions.discard(ids=[message.pk], actor=ANN, reason="a test order")
    assert retention.purge_discarded(keep=timedelta(days=1)) == 0
    with caplog.at_level(logging.WARNING):
        assert retention.purge_discarded(keep=timedelta(0)) == 1
    assert [row.pk for row in Message.objects.all()] == [kept.pk]
    entry = AuditEntry.objects.get(action="purge")
    assert entry.data["messages"] == [
        {"id": str(message.pk), "task": "tests.sample", "subject": "", "error": "Bug", "note": "a test order"}
    ]
    assert any("permanently deleted" in record.message for record in caplog.records)


def test_hourly_counts_older_than_any_chart_are_deleted():
    dead()
    assert retention.purge_charts(keep=timedelta(days=8)) == 0
    FailureHour.objects.update(hour=timezone.now() - timedelta(days=9))
    assert retention.purge_charts(keep=timedelta(days=8)) == 1
