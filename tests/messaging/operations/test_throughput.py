"""Throughput: every message counted once, whenever and however often the count runs."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from messaging import outbox, scheduler
from messaging.models import Attempt, Message, State
from messaging.operations.dashboard import throughput
from messaging.operations.models import QueueMinute
from tests.delivery import deliver_due
from tests.messaging.deliver import deliver
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
QUEUE = "maintenance"


def finished(at: datetime, state: str = State.DONE, *, queue: str = QUEUE, attempts: int = 0) -> None:
    with outbox.transaction():
        message = outbox.enqueue(Sample(text="a"))
    Message.objects.filter(pk=message.pk).update(state=state, finished_at=at, queue=queue)
    for number in range(attempts):
        Attempt.objects.create(message=message, number=number + 1, ended_at=at, error_type="Bug")


def count(now: datetime) -> None:
    counting = throughput.Counting(now=now)
    while counting.step():
        pass


def kept() -> list[tuple]:
    return list(
        QueueMinute.objects.order_by("minute", "queue").values_list("queue", "minute", "done", "failed", "dead")
    )


def test_finished_messages_are_counted_by_queue_and_minute():
    finished(NOON + timedelta(seconds=1))
    finished(NOON + timedelta(seconds=59), attempts=2)
    finished(NOON + timedelta(seconds=60), queue="payments")
    finished(NOON + timedelta(seconds=61), State.DEAD, attempts=1)
    count(NOON + timedelta(minutes=5))
    minute = NOON + timedelta(minutes=1)
    assert kept() == [(QUEUE, NOON, 2, 2, 0), (QUEUE, minute, 0, 1, 1), ("payments", minute, 1, 0, 0)]


def test_a_recount_counts_nothing_twice_and_adds_late_commits():
    finished(NOON + timedelta(seconds=1))
    count(NOON + timedelta(seconds=30))
    finished(NOON + timedelta(seconds=2))
    count(NOON + timedelta(seconds=90))
    count(NOON + timedelta(seconds=95))
    assert kept() == [(QUEUE, NOON, 2, 0, 0)]


def test_the_first_count_looks_back_a_day():
    finished(NOON - timedelta(hours=23))
    finished(NOON - timedelta(hours=25))
    count(NOON)
    assert [row[1] for row in kept()] == [NOON - timedelta(hours=23)]


def test_the_last_hour_combines_stored_and_live_counts():
    finished(NOON - timedelta(minutes=58))
    count(NOON - timedelta(seconds=20))
    finished(NOON + timedelta(seconds=10), attempts=1)
    recent = throughput.recent(now=NOON + timedelta(seconds=20))
    assert set(recent) == {"payments", "shipping", "notifications", "maintenance"}
    hour = recent[QUEUE].hour
    assert len(hour) == 60
    assert [(slot.at, slot.done, slot.failed) for slot in hour if slot.done or slot.failed] == [
        (NOON - timedelta(minutes=58), 1, 0),
        (NOON, 1, 1),
    ]


def test_the_last_day_sums_hours():
    for minutes in (1, 2, 3, 70):
        finished(NOON - timedelta(minutes=minutes), attempts=minutes % 2)
    count(NOON)
    day = throughput.recent(now=NOON)[QUEUE].day
    assert len(day) == 24
    assert [(slot.at.hour, slot.done, slot.failed) for slot in day if slot.done] == [(10, 1, 0), (11, 3, 2)]


@pytest.mark.parametrize("ago", [0, 1, 9, 58, 59, 61])
@pytest.mark.parametrize("now", [NOON, NOON + timedelta(minutes=59, seconds=59), NOON + timedelta(seconds=1)])
def test_the_day_includes_whatever_the_hour_shows(now, ago):
    """Counted or not: what finished within the last minutes is in no stored count yet."""
    for minutes in range(ago, 90, 7):
        finished(now - timedelta(minutes=minutes, microseconds=1), attempts=1)
    count(now - timedelta(minutes=30))
    finished(now - timedelta(minutes=ago, microseconds=2))
    recent = throughput.recent(now=now)[QUEUE]
    hour, day = (
        (sum(slot.done for slot in slots), sum(slot.failed for slot in slots)) for slots in (recent.hour, recent.day)
    )
    assert hour[0] <= day[0]
    assert hour[1] <= day[1]
    assert day[0] > 0
    count(now)
    stored = throughput.recent(now=now)[QUEUE]
    assert sum(slot.done for slot in stored.day) == Message.objects.filter(state=State.DONE).count()


def test_a_page_counts_at_most_ten_minutes_live(django_assert_num_queries):
    finished(NOON - timedelta(minutes=30))
    finished(NOON - timedelta(minutes=2))
    with django_assert_num_queries(5):
        recent = throughput.recent(now=NOON)[QUEUE]
    assert [sum(slot.done for slot in slots) for slots in (recent.hour, recent.day)] == [1, 1]


def counted(queue: str) -> int:
    return sum(QueueMinute.objects.filter(queue=queue).values_list("done", flat=True))


def test_a_periodic_task_counts():
    """In another queue than its own message, which it counts or not, as the minute ends."""
    finished(timezone.now() - timedelta(hours=1), queue="payments")
    assert deliver(scheduler.tick("operations.count_throughput")).state == State.DONE
    assert not Message.objects.live().exists()
    assert counted("payments") == 1


def test_a_standstill_is_counted_in_steps_of_an_hour():
    finished(NOON - timedelta(hours=5))
    finished(NOON - timedelta(minutes=1))
    counting = throughput.Counting(now=NOON)
    steps = []
    while counting.step():
        steps.append(counting.since)
    assert len(steps) == 24
    assert {later - earlier for earlier, later in pairwise(steps)} == {timedelta(hours=1)}
    assert [row[1] for row in kept()] == [NOON - timedelta(hours=5), NOON - timedelta(minutes=1)]


@pytest.mark.usefixtures("one_step_slices")
def test_a_count_whose_time_is_up_goes_on_in_the_next_message():
    QueueMinute.objects.create(queue="payments", minute=timezone.now() - timedelta(hours=5))
    finished(timezone.now() - timedelta(hours=3), queue="shipping")
    scheduler.tick("operations.count_throughput")
    assert len(deliver_due()) == 6, "a step each: five hours, and the recounted minute"
    assert counted("shipping") == 1
    assert not Message.objects.live().exists()


def minutes(*done: int, queue: str = QUEUE, until: datetime = NOON) -> None:
    """Stored minutes, the last of them `until`."""
    for age, number in enumerate(reversed(done)):
        QueueMinute.objects.create(queue=queue, minute=until - timedelta(minutes=age), done=number)


def test_the_present_rate_is_an_average_of_complete_minutes():
    minutes(900, 10, 20, 30, 40, 50, 1)
    minutes(8, 4, 0, queue="payments")
    rates = throughput.rates(now=NOON + timedelta(seconds=30))
    assert rates == {QUEUE: 30, "payments": 6, "shipping": 0, "notifications": 0}


def test_old_minutes_say_nothing_of_the_present_rate():
    minutes(5, 5, 5, until=NOON - timedelta(minutes=12))
    assert throughput.rates(now=NOON)[QUEUE] == 0


def test_rates_do_not_read_the_ledger(django_assert_num_queries):
    finished(NOON)
    with django_assert_num_queries(1) as statements:
        throughput.rates(now=NOON)
    assert "messaging_message" not in statements.captured_queries[0]["sql"]
