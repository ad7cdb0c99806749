"""How many messages of each group are dead? Counted in the transaction of each move, so that no page has to.

Whoever moves several messages in one transaction moves the messages first and then calls `left` or `came_back` once:
these lock the groups in the order of their fingerprints, so that no two transactions wait for each other.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Case, F, Value, When

from messaging.models import FailureGroup, FailureHour, GroupState, Message


def died(message: Message, *, at: datetime) -> None:
    """One more dead message. A group that was resolved has regressed."""
    if not message.fingerprint:
        return
    _upsert(
        FailureGroup,
        {"fingerprint": message.fingerprint},
        fresh={"first_seen": at, "last_seen": at},
        changes=_latest(message, at)
        | {
            "dead_count": F("dead_count") + 1,
            "failures": F("failures") + 1,
            "state": Case(When(state=GroupState.RESOLVED, then=Value(GroupState.REGRESSED)), default=F("state")),
        },
    )
    hour = at.replace(minute=0, second=0, microsecond=0)
    _upsert(
        FailureHour,
        {"fingerprint": message.fingerprint, "hour": hour},
        fresh={},
        changes={"count": F("count") + 1},
    )


def left(messages: Iterable[Message]) -> None:
    """These messages are dead no more: sent again, or given up. Their `fingerprint` is that of their death."""
    for fingerprint, count in _by_group(messages):
        group = FailureGroup.objects.filter(pk=fingerprint)
        if not group.filter(dead_count__gte=count).update(dead_count=F("dead_count") - count):
            group.update(dead_count=0)


def came_back(messages: Iterable[Message]) -> None:
    """These messages are dead again without having failed again, since an operator restored them."""
    for fingerprint, count in _by_group(messages):
        FailureGroup.objects.filter(pk=fingerprint).update(dead_count=F("dead_count") + count)


def _by_group(messages: Iterable[Message]) -> list[tuple[str, int]]:
    return sorted(Counter(message.fingerprint for message in messages if message.fingerprint).items())


def _latest(message: Message, at: datetime) -> dict[str, Any]:
    return {
        "task": message.task,
        "queue": message.queue,
        "error_type": message.error_type,
        "error_message": message.error_message,
        "example": message.pk,
        "last_seen": at,
    }


def _upsert(model: Any, key: dict[str, Any], *, fresh: dict[str, Any], changes: dict[str, Any]) -> None:
    """One statement where the row is there; where two transactions make it at once, both of their counts stay."""
    rows = model.objects.filter(**key)
    if rows.update(**changes):
        return
    model.objects.bulk_create([model(**key, **fresh)], ignore_conflicts=True)
    rows.update(**changes)
