"""How much goes through each queue, and how much of it fails?

Tasks count nothing, since that would cost each of them a statement on a row that they all write. Once a minute what has
ended is counted by an index and kept, a row a queue and minute; the minute that runs is counted when somebody looks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, QuerySet, Sum
from django.db.models.functions import TruncHour, TruncMinute

from messaging.models import Attempt, Message, State
from messaging.operations.models import QueueMinute
from messaging.topology import topology

KEPT = timedelta(days=8)
#: What ended within a minute is counted once more a minute later, when what was being committed then is there, too.
RECOUNTED = timedelta(minutes=1)
#: What nobody has counted for longer than this is left out of the page rather than counted each time it is drawn.
COUNTED_LIVE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Slot:
    """What ended from `at` on, within a minute or an hour. `failed` counts attempts, `done` messages."""

    at: datetime
    done: int = 0
    failed: int = 0


def count_minutes(*, now: datetime) -> list[QueueMinute]:
    """The minutes since the last that was counted, the one that runs included; of a first time, a day."""
    last = QueueMinute.objects.aggregate(last=Max("minute"))["last"]
    since = max(last - RECOUNTED, now - timedelta(days=1)) if last else now - timedelta(days=1)
    return _counted(since=_minute(since), until=now)


def keep_minutes(minutes: Iterable[QueueMinute], *, now: datetime) -> None:
    """Write what was counted, over what was counted of the same minutes before, and forget what is old."""
    QueueMinute.objects.bulk_create(
        sorted(minutes, key=lambda row: (row.minute, row.queue)),
        update_conflicts=True,
        unique_fields=["minute", "queue"],
        update_fields=["done", "failed", "dead"],
    )
    QueueMinute.objects.filter(minute__lt=now - KEPT).delete()


def last_hour(*, now: datetime) -> dict[str, list[Slot]]:
    """Sixty minutes of each queue, the one that runs last."""
    start = _minute(now) - timedelta(minutes=59)
    kept = list(QueueMinute.objects.filter(minute__gte=start))
    last = max((row.minute for row in kept), default=start)
    live = _counted(since=max(last, _minute(now - COUNTED_LIVE)), until=now)
    rows = {(row.queue, row.minute): row for row in (*kept, *live)}
    return _slots(rows, start=start, step=timedelta(minutes=1), count=60)


def last_day(*, now: datetime) -> dict[str, list[Slot]]:
    """Twenty-four hours of each queue, the one that runs last, up to the last minute that was counted."""
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    hours = QueueMinute.objects.filter(minute__gte=start).annotate(hour=TruncHour("minute")).values("queue", "hour")
    summed = hours.annotate(done=Sum("done"), failed=Sum("failed")).order_by()
    rows = {(row["queue"], row["hour"]): QueueMinute(done=row["done"], failed=row["failed"]) for row in summed}
    return _slots(rows, start=start, step=timedelta(hours=1), count=24)


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
