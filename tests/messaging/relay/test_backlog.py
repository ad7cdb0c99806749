"""Backlog: counts of what waits, and what reading them costs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from messaging import outbox
from messaging.models import Message
from messaging.models.backlog import backlogs
from messaging.models.uuid7 import uuid7
from messaging.topology import Priority
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)
BURST = 3000


def burst() -> None:
    rows = [Message(task="t", queue="maintenance", priority=Priority.LOW, correlation_id=uuid7()) for _ in range(BURST)]
    Message.objects.bulk_create(rows)


def test_due_and_scheduled_messages_are_counted_with_the_oldest():
    with outbox.transaction():
        first = outbox.enqueue(Sample(text="a"))
        outbox.enqueue(Sample(text="b"), priority=Priority.HIGH)
        outbox.enqueue(Sample(text="c"), delay=60)
    found = backlogs(now=timezone.now() + timedelta(seconds=1))["maintenance"]
    assert (found.waiting, found.scheduled) == (2, 1)
    assert found.oldest is not None
    assert found.oldest <= Message.objects.get(pk=first.pk).available_at


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plan of PostgreSQL")
def test_a_burst_that_was_not_vacuumed_is_counted_by_its_index():
    """By itself PostgreSQL reads the whole table, once for each of 40 lanes."""
    burst()
    plans = []

    def explain(execute, sql, parameters, many, context):
        if "WITH lane" in sql:
            execute(f"EXPLAIN {sql}", parameters, many, context)
            plans.extend(line for (line,) in context["cursor"].fetchall())
        return execute(sql, parameters, many, context)

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messaging_message")
    with connection.execute_wrapper(explain):
        assert backlogs(now=timezone.now() + timedelta(seconds=1))["maintenance"].waiting == BURST
    assert sum("messaging_lane" in line for line in plans) == 3
    assert not [line for line in plans if "Seq Scan" in line or "Sort" in line]
