"""Retention of the desk's records: discarded messages, alerts, counts for charts."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from messaging import scheduler
from messaging.models import Message, State
from messaging.operations import actions, retention
from messaging.operations.models import Alert, AuditEntry, FailureGroup, FailureHour
from messaging.operations.permissions import Actor
from tests.messaging.deliver import deliver
from tests.messaging.operations.desk import dead
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")


def test_purging_discarded_messages_is_delayed_logged_and_audited(caplog):
    message, kept = dead(), dead()
    actions.discard(ids=[message.pk], actor=ANN, reason="a test order")
    assert retention.purge_discarded(keep=timedelta(days=1)) == 0
    with caplog.at_level(logging.WARNING):
        assert retention.purge_discarded(keep=timedelta(0)) == 1
    assert [row.pk for row in Message.objects.all()] == [kept.pk]
    entry = AuditEntry.objects.get(action="purge")
    assert entry.data["messages"] == [
        {
            "id": str(message.pk),
            "task": "tests.sample",
            "subject": "CV-1",
            "error": message.error_type,
            "note": "a test order",
        }
    ]
    assert any("permanently deleted" in record.message for record in caplog.records)


def test_a_message_that_is_restored_while_it_is_purged_is_either_whole_or_gone_with_a_record():
    for _ in range(5):
        message = dead()
        actions.discard(ids=[message.pk], actor=ANN, reason="a test order")
        at_once(
            lambda pk=message.pk: actions.restore(ids=[pk], actor=ANN),
            lambda: retention.purge_discarded(keep=timedelta(0)),
        )
    left = list(Message.objects.values_list("state", flat=True))
    purged = [row for entry in AuditEntry.objects.filter(action="purge") for row in entry.data["messages"]]
    assert set(left) <= {State.DEAD}
    assert len(left) + len(purged) == 5
    assert sum(FailureGroup.objects.values_list("dead_count", flat=True)) == len(left)


def test_hourly_counts_older_than_any_chart_are_deleted():
    dead()
    assert retention.purge_charts(keep=timedelta(days=8)) == 0
    FailureHour.objects.update(hour=timezone.now() - timedelta(days=9))
    assert retention.purge_charts(keep=timedelta(days=8)) == 1


def test_an_alert_is_deleted_long_after_it_was_cleared():
    now = timezone.now()
    long_ago = now - retention.ALERTS_KEPT - timedelta(days=1)
    for key, cleared_at in (("old", long_ago), ("recent", now), ("open", None)):
        Alert.objects.create(key=key, text=key, raised_at=long_ago, cleared_at=cleared_at)
    deliver(scheduler.tick("operations.purge_expired"))
    assert set(Alert.objects.values_list("key", flat=True)) == {"recent", "open"}
