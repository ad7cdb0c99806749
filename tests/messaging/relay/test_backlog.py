"""Backlog: counts of what waits, and what reading them costs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from messaging import outbox
from messaging.models import Message, backlog
from messaging.models.backlog import _read, backlogs
from messaging.models.uuid7 import uuid7
from messaging.topology import Priority
from tests.messaging.samples import Sample
from tests.query_plans import plans_of

pytestmark = pytest.mark.django_db(transaction=True)
BURST = 3000


def burst() -> None:
    rows = [Message(task="t", queue="maintenance", priority=Priority.LOW, correlation_id=uuid7()) for _ in range(BURST)]
    Message.objects.bulk_create(rows, batch_size=1000)


def test_due_and_scheduled_messages_are_counted_with_the_oldest():
    with outbox.transaction():
        first = outbox.enqueue(Sample(text="a"))
        outbox.enqueue(Sample(text="b"), priority=Priority.HIGH)
        outbox.enqueue(Sample(text="c"), delay=60)
    found = backlogs(now=timezone.now() + timedelta(seconds=1))["maintenance"]
    assert (found.waiting, found.scheduled) == (2, 1)
    assert found.oldest is not None
    assert found.oldest <= Message.objects.get(pk=first.pk).available_at


def test_the_database_counts_no_further_than_the_bound(monkeypatch):
    counted = []

    def read(*arguments):
        counted.extend(lanes := _read(*arguments))
        return lanes

    monkeypatch.setattr(backlog, "COUNTED", 2)
    monkeypatch.setattr(backlog, "_read", read)
    with outbox.transaction():
        for text in "abcd":
            outbox.enqueue(Sample(text=text))
            outbox.enqueue(Sample(text=text), delay=60)
    backlogs(now=timezone.now() + timedelta(seconds=1))
    assert max(lane.waiting for lane in counted) == max(lane.scheduled for lane in counted) == 2


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plan of PostgreSQL")
def test_a_burst_that_was_not_vacuumed_is_counted_by_its_index():
    """By itself PostgreSQL reads the whole table, once for each of 40 lanes."""
    burst()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messaging_message")
    with plans_of("WITH lane") as plans:
        assert backlogs(now=timezone.now() + timedelta(seconds=1))["maintenance"].waiting == BURST
    (plan,) = plans
    assert plan.count("messaging_lane") == 3
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
