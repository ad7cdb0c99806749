"""Throughput and failures of each queue.

Tasks count nothing: that would cost each a statement on a shared row. Once a minute a periodic task counts what
finished and stores one row per queue and minute; the current minute is counted when the page is read.
"""

from collections import Counter, defaultdict
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
#: One statement counts at most this much.
STEP = timedelta(hours=1)
_MINUTES = timedelta(minutes=59)
#: The present rate is an average over this many minutes at most.
_RATE_MINUTES = 5


@dataclass(frozen=True, slots=True)
class Slot:
    """Messages `done` and attempts `failed` in the minute or hour that begins at `at`."""

    at: datetime
    done: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Recent:
    """Sixty minutes and twenty-four hours of one queue, oldest first, each up to the present."""

    hour: list[Slot]
    day: list[Slot]


class Counting:
    """Counts from `since` on, by default from the last counted minute, at most a day back, until `now`."""

    def __init__(self, *, now: datetime, since: datetime | None = None) -> None:
        self._now = now
        self.since = _minute(since or _uncounted_since(now))

    @property
    def is_done(self) -> bool:
        return self.since >= self._now

    def step(self) -> int:
        """Count the next minutes, the current one included, and replace what is stored of them. 0: all is counted."""
        if self.is_done:
            return 0
        until = min(self._now, self.since + STEP)
        _store(_counted(since=self.since, until=until))
        self.since = until
        return 1


def _uncounted_since(now: datetime) -> datetime:
    last = QueueMinute.objects.aggregate(last=Max("minute"))["last"]
    day_ago = now - timedelta(days=1)
    return max(last - RECOUNTED, day_ago) if last else day_ago


def _store(minutes: Iterable[QueueMinute]) -> None:
    QueueMinute.objects.bulk_create(
        sorted(minutes, key=lambda row: (row.minute, row.queue)),
        update_conflicts=True,
        unique_fields=["minute", "queue"],
        update_fields=["done", "failed", "dead"],
    )


def recent(*, now: datetime) -> dict[str, Recent]:
    """The last hour and day of each queue, ending with the current minute. The day includes the hour's own counts."""
    minutes = _last_minutes(now)
    hours = _hours(since=_hour(now) - timedelta(hours=23), until=_minute(now) - _MINUTES)
    for (queue, minute), row in minutes.items():
        hours[queue, _hour(minute)] += Counter(done=row.done, failed=row.failed)
    by_hour = {key: QueueMinute(done=sums["done"], failed=sums["failed"]) for key, sums in hours.items()}
    hour = _slots(minutes, start=_minute(now) - _MINUTES, step=timedelta(minutes=1), count=60)
    day = _slots(by_hour, start=_hour(now) - timedelta(hours=23), step=timedelta(hours=1), count=24)
    return {queue: Recent(hour[queue], day[queue]) for queue in topology().queues}


def _last_minutes(now: datetime) -> dict[tuple[str, datetime], QueueMinute]:
    """Stored counts, and for the minutes since the last of them what the ledger says."""
    start = _minute(now) - _MINUTES
    kept = list(QueueMinute.objects.filter(minute__gte=start))
    last = max((row.minute for row in kept), default=start)
    live = _counted(since=max(last, _minute(now - LIVE_WINDOW)), until=now)
    return {(row.queue, row.minute): row for row in (*kept, *live)}


def _hours(*, since: datetime, until: datetime) -> defaultdict[tuple[str, datetime], Counter[str]]:
    """Sums of the stored counts by hour, from `since` on, before `until`."""
    stored = QueueMinute.objects.filter(minute__gte=since, minute__lt=until).annotate(hour=TruncHour("minute"))
    summed = stored.values_list("queue", "hour").annotate(Sum("done"), Sum("failed")).order_by()
    hours: defaultdict[tuple[str, datetime], Counter[str]] = defaultdict(Counter)
    hours.update({(queue, hour): Counter(done=done, failed=failed) for queue, hour, done, failed in summed})
    return hours


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


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
