"""Claims: which due rows this relay publishes. Concurrent relays never claim the same row.

PostgreSQL skips rows locked by another relay; SQLite has a single writer and needs no row locks. Rows of `paused`
queues are not claimed.
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
    """Takes no lock."""
    return _due(timezone.now(), paused).exists()


def seconds_until_due(*, paused: Collection[str] = ()) -> float | None:
    """Seconds until the next row is due, 0 if one is due now, None if none is pending."""
    pending = _open(Message.objects.filter(state=State.PENDING), paused).order_by("available_at")
    next_at = pending.values_list("available_at", flat=True).first()
    return max(0.0, (next_at - timezone.now()).total_seconds()) if next_at else None


def claim(*, limit: int, paused: Collection[str] = ()) -> list[Message]:
    """Mark up to `limit` due rows as sent and commit that. Highest priority first, then the longest due."""
    now = timezone.now()
    with transaction.atomic():
        rows = list(_due(now, paused).select_for_update(skip_locked=True).order_by("-priority", "available_at")[:limit])
        Message.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=State.SENT, sent_at=now, sends=F("sends") + 1
        )
    for row in rows:
        row.sends += 1
    return rows


def unclaim(ids: Iterable[uuid.UUID], *, delay: float) -> int:
    """Make unconfirmed rows due again after `delay` seconds. Returns how many.

    Rows that were settled in the meantime had been published after all and are left alone.
    """
    return Message.objects.filter(pk__in=list(ids), state=State.SENT).update(
        state=State.PENDING, available_at=timezone.now() + timedelta(seconds=delay)
    )


def _due(now: datetime, paused: Collection[str]) -> MessageQuerySet:
    return _open(Message.objects.due(now=now), paused)


def _open(rows: MessageQuerySet, paused: Collection[str]) -> MessageQuerySet:
    """Lists the queues that are open: excluding the paused ones instead would scan all their rows in the index."""
    return rows.filter(queue__in=[queue for queue in topology().queues if queue not in paused]) if paused else rows
