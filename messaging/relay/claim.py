"""Which rows does this relay send now? Any number of relays claim at once, and no row is claimed twice.

PostgreSQL skips rows that another relay has locked; SQLite has one writer at a time, so there no row lock is needed.
Rows of the queues in `paused` stay where they are.
"""

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from messaging.models import Message, MessageQuerySet, State
from messaging.topology import topology


def anything_due(*, paused: Collection[str] = ()) -> bool:
    """A read that takes no lock."""
    return _due(timezone.now(), paused).exists()


def seconds_until_due(*, paused: Collection[str] = ()) -> float | None:
    """Until the next row is due, 0 if one is now; None while nothing waits for its time."""
    pending = _open(Message.objects.filter(state=State.PENDING), paused).order_by("available_at")
    next_at = pending.values_list("available_at", flat=True).first()
    return max(0.0, (next_at - timezone.now()).total_seconds()) if next_at else None


def claim(*, limit: int, paused: Collection[str] = ()) -> list[Message]:
    """Take up to `limit` due rows, the most urgent and oldest first, mark them as sent, and commit that."""
    now = timezone.now()
    with transaction.atomic():
        rows = list(_due(now, paused).select_for_update(skip_locked=True).order_by("-priority", "available_at")[:limit])
        Message.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=State.SENT, sent_at=now, sends=F("sends") + 1
        )
    for row in rows:
        row.sends += 1
    return rows


def _due(now: datetime, paused: Collection[str]) -> MessageQuerySet:
    return _open(Message.objects.due(now=now), paused)


def _open(rows: MessageQuerySet, paused: Collection[str]) -> MessageQuerySet:
    """Names the queues that are open, not those that are paused: only so does an index spare what waits in these."""
    return rows.filter(queue__in=[queue for queue in topology().queues if queue not in paused]) if paused else rows


def give_back(ids: Iterable[uuid.UUID], *, delay: float) -> int:
    """Make rows whose publication was not confirmed due again after `delay` seconds.

    Those that have been answered meanwhile were published after all, and stay as they are.
    """
    return Message.objects.filter(pk__in=list(ids), state=State.SENT).update(
        state=State.PENDING, available_at=timezone.now() + timedelta(seconds=delay)
    )
