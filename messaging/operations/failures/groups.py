"""Failure groups and their hourly trends, read from the counters without touching the ledger."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from messaging.models import Message
from messaging.operations.models import FailureGroup, FailureHour, GroupState

DAY, WEEK = 24, 7 * 24
SUBJECTS = 1000


@dataclass(frozen=True)
class Trend:
    """Deaths in each of the last 24 hours, and in each six hours of the last seven days, oldest first."""

    day: list[int]
    week: list[int]


def groups(*, state: str = "", task: str = "", queue: str = "") -> QuerySet[FailureGroup]:
    """The matching groups, largest first."""
    wanted = {"state": state, "task": task, "queue": queue}
    return FailureGroup.objects.filter(**{name: value for name, value in wanted.items() if value}).order_by(
        "-dead_count", "-last_seen"
    )


def needing_attention() -> QuerySet[FailureGroup]:
    """Groups with dead messages that nobody has resolved, and those that failed again after they were."""
    with_dead = FailureGroup.objects.filter(dead_count__gt=0).exclude(state=GroupState.RESOLVED)
    return with_dead | FailureGroup.objects.filter(state=GroupState.REGRESSED)


def dead_subjects(fingerprint: str) -> list[str]:
    """Subjects of the group's last dead messages, `SUBJECTS` at most, each once."""
    dead = Message.objects.dead().filter(fingerprint=fingerprint).order_by("-finished_at")
    return list(dict.fromkeys(filter(None, dead.values_list("subject", flat=True)[:SUBJECTS])))


def trends(fingerprints: Iterable[str]) -> dict[str, Trend]:
    """Trends by fingerprint, in one statement for any number of groups."""
    this_hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    hours = FailureHour.objects.filter(
        fingerprint__in=list(fingerprints), hour__gt=this_hour - timedelta(hours=WEEK)
    ).values_list("fingerprint", "hour", "count")
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * WEEK)
    for fingerprint, hour, count in hours:
        age = _hours_between(hour, this_hour)
        if 0 <= age < WEEK:
            counts[fingerprint][WEEK - 1 - age] += count
    none = _trend([0] * WEEK)
    return defaultdict(lambda: none, {key: _trend(row) for key, row in counts.items()})


def _trend(hourly: list[int]) -> Trend:
    return Trend(hourly[-DAY:], [sum(hourly[start : start + 6]) for start in range(0, WEEK, 6)])


def _hours_between(earlier: datetime, later: datetime) -> int:
    return int((later - earlier).total_seconds() // 3600)
