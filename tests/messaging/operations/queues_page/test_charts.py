"""Queues page, drawings: bar charts of throughput and the pipeline diagram."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import Attempt, Message, State
from messaging.operations.dashboard import queue_status
from messaging.operations.dashboard.bar_chart import chart
from messaging.operations.dashboard.pipeline_diagram import TALL, WIDE, pipeline
from messaging.operations.dashboard.throughput import Slot
from tests.messaging.operations.queues_page.page import enqueue, text

pytestmark = pytest.mark.django_db(transaction=True)


def test_charts_show_throughput_and_failures(operator):
    messages = enqueue(3)
    Message.objects.update(state=State.DONE, finished_at=timezone.now())
    Attempt.objects.create(message=messages[0], number=1, error_type="Bug")
    page = text(operator)
    assert '3 succeeded, <span class="chart-key">1 failed attempts</span> (25.0 %)' in page
    assert page.count('<svg viewBox="0 0 360 60"') == 8


def test_one_failure_among_thousands_is_visible():
    now = timezone.now()
    drawn = chart([Slot(now, 5000, 1), Slot(now + timedelta(minutes=1)), Slot(now, 2500, 0)])
    first, last = drawn.bars
    assert (first.done_height, first.failed_height, last.done_height) == (57, 2, 28)
    assert first.failed_y >= 0
    assert (drawn.done, drawn.failed, drawn.peak) == (7500, 1, 5001)
    assert chart([Slot(now)]).rate == 0


@pytest.mark.parametrize("layout", [WIDE, TALL])
def test_each_queue_has_its_lane_within_the_diagram(no_broker, layout):
    drawn = pipeline(queue_status.queue_rows(), layout)
    assert [lane.row.name for lane in drawn.lanes] == ["payments", "shipping", "notifications", "maintenance"]
    for lane in drawn.lanes:
        assert lane.dead.right <= layout.width
        assert lane.queue.y + lane.queue.height <= drawn.height
    assert drawn.ledger.y >= 0
