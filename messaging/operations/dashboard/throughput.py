"""Throughput and failures of each queue.

Tasks count nothing: that would cost each a statement on a shared row. Once a minute a periodic task counts what
finished and stores one row per queue and minute; the current minute is counted when the page is read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, QuerySet, Sum
from django.db.models.functions import TruncHour, TruncMinute

from messaging.models import Attempt, Message, State
from messaging.operations.models import QueueMinute
from messaging.topology import topology

KEPT = timedelta(days=8)
#: Each minute is counted again a minute later, to include what was still being committed.
RECOUNTED = timedelta(minutes=1)
#: A page counts at most this much itself; if counting has stopped for longer, the gap stays empty.
LIVE_WINDOW = timedelta(minutes=10)
#: The present rate is an average over this many minutes at most.
_RATE_MINUTES = 5


@dataclass(frozen=True, slots=True)
class Slot:
    """Messages `done` and attempts `failed` in the minute or hour that begins at `at`."""

    at: datetime
    done: int = 0
    failed: int = 0


def count_minutes(*, now: datetime) -> list[QueueMinute]:
    """Counts since the last counted minute, including the current one. The first run covers a day."""
    last = QueueMinute.objects.aggregate(last=Max("minute"))["last"]
    since = max(last - RECOUNTED, now - timedelta(days=1)) if last else now - timedelta(days=1)
    return _counted(since=_minute(since), until=now)


def keep_minutes(minutes: Iterable[QueueMinute], *, now: datetime) -> None:
    """Store counts, replacing earlier ones of the same minutes, and delete expired ones."""
    QueueMinute.objects.bulk_create(
        sorted(minutes, key=lambda row: (row.minute, row.queue)),
        update_conflicts=True,
        unique_fields=["minute", "queue"],
        update_fields=["done", "failed", "dead"],
    )
    QueueMinute.objects.filter(minute__lt=now - KEPT).delete()


def last_hour(*, now: datetime) -> dict[str, list[Slot]]:
    """Sixty minutes of each queue, ending with the current one."""
    start = _minute(now) - timedelta(minutes=59)
    kept = list(QueueMinute.objects.filter(minute__gte=start))
    last = max((row.minute for row in kept), default=start)
    live = _counted(since=max(last, _minute(now - LIVE_WINDOW)), until=now)
    rows = {(row.queue, row.minute): row for row in (*kept, *live)}
    return _slots(rows, start=start, step=timedelta(minutes=1), count=60)


def last_day(*, now: datetime) -> dict[str, list[Slot]]:
    """Twenty-four hours of each queue, up to the last counted minute."""
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    hours = QueueMinute.objects.filter(minute__gte=start).annotate(hour=TruncHour("minute")).values("queue", "hour")
    summed = hours.annotate(done=Sum("done"), failed=Sum("failed")).order_by()
    rows = {(row["queue"], row["hour"]): QueueMinute(done=row["done"], failed=row["failed"]) for row in summed}
    return _slots(rows, start=start, step=timedelta(hours=1), count=24)


def rates(*, now: datetime) -> dict[str, float]:
    """Messages that each queue finishes per minute at present, from stored counts only; 0 if none are recent.

    An average of up to five minutes, from the first in which one finished. The last minute is not complete yet.
    """
    kept = list(QueueMinute.objects.filter(minute__gt=_minute(now) - timedelta(minutes=2 * _RATE_MINUTES)))
    last = max((row.minute for row in kept), default=now)
    complete = [row for row in kept if last - timedelta(minutes=_RATE_MINUTES) <= row.minute < last and row.done]
    return {queue: _rate([row for row in complete if row.queue == queue], until=last) for queue in topology().queues}


def _rate(minutes: Sequence[QueueMinute], *, until: datetime) -> float:
    if not minutes:
        return 0.0
    length = until - min(row.minute for row in minutes)
    return sum(row.done for row in minutes) / (length / timedelta(minutes=1))


def _slots(
    rows: dict[tuple[str, datetime], QueueMinute], *, start: datetime, step: timedelta, count: int
) -> dict[str, list[Slot]]:
    times = [start + step * number for number in range(count)]
    nothing = QueueMinute()
    return {
        queue: [Slot(at, row.done, row.failed) for at in times for row in [rows.get((queue, at), nothing)]]
        for queue in topology().queues
    }


def _counted(*, since: datetime, until: datetime) -> list[QueueMinute]:
    ended = {"finished_at__gte": since, "finished_at__lt": until}
    counts = {
        "done": _by_minute(Message.objects.filter(state=State.DONE, **ended), "queue", "finished_at"),
        "dead": _by_minute(Message.objects.filter(state=State.DEAD, **ended), "queue", "finished_at"),
        "failed": _by_minute(
            Attempt.objects.filter(ended_at__gte=since, ended_at__lt=until), "message__queue", "ended_at"
        ),
    }
    return [
        QueueMinute(
            queue=queue, minute=minute, **{kind: found.get((queue, minute), 0) for kind, found in counts.items()}
        )
        for queue, minute in set().union(*counts.values())
    ]


def _by_minute(rows: QuerySet[Any], queue: str, at: str) -> dict[tuple[str, datetime], int]:
    counted = rows.order_by().annotate(minute=TruncMinute(at)).values_list(queue, "minute").annotate(Count("pk"))
    return {(name, minute): number for name, minute, number in counted}


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
