"""Counts the dead messages of each failure group, in the transaction that moves them.

Receivers of the engine's signals, which are sent once for all messages of a transaction: groups are locked in the order
of their fingerprints, so that no two transactions deadlock.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Case, F, Value, When

from messaging.models import Message
from messaging.operations.models import FailureGroup, FailureHour, GroupState


def message_died(*, message: Message, at: datetime, **kwargs: Any) -> None:
    """One more dead message. A resolved group regresses."""
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
        FailureHour, {"fingerprint": message.fingerprint, "hour": hour}, fresh={}, changes={"count": F("count") + 1}
    )


def messages_left(*, messages: Iterable[Message], **kwargs: Any) -> None:
    """These messages are dead no longer: revived or discarded. Their `fingerprint` is that of their death."""
    for fingerprint, count in _by_group(messages):
        group = FailureGroup.objects.filter(pk=fingerprint)
        if not group.filter(dead_count__gte=count).update(dead_count=F("dead_count") - count):
            group.update(dead_count=0)


def messages_restored(*, messages: Iterable[Message], **kwargs: Any) -> None:
    """These messages are dead again without another failure. A resolved group is open again: it has something to do."""
    reopened = Case(When(state=GroupState.RESOLVED, then=Value(GroupState.OPEN)), default=F("state"))
    for fingerprint, count in _by_group(messages):
        FailureGroup.objects.filter(pk=fingerprint).update(dead_count=F("dead_count") + count, state=reopened)


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
    """One statement if the row exists. If two transactions insert it at once, both counts are kept."""
    rows = model.objects.filter(**key)
    if rows.update(**changes):
        return
    model.objects.bulk_create([model(**key, **fresh)], ignore_conflicts=True)
    rows.update(**changes)
