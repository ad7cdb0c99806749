"""Retention of the desk's records: discarded messages, bulk retries, alerts, counts for charts.

Each call is one batch.
"""

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from messaging import clock
from messaging.models import Message, State
from messaging.operations import audit
from messaging.operations.models import Alert, BulkItem, BulkOperation, BulkState, FailureHour, ItemOutcome, QueueMinute
from messaging.operations.permissions import Actor
from messaging.retention import delete_messages
from messaging.worker import slices

log = logging.getLogger(__name__)
_FINISHED = (BulkState.FINISHED, BulkState.CANCELLED, BulkState.STOPPED)
ALERTS_KEPT = timedelta(days=90)
_RETENTION = Actor.system("retention")


def purge_discarded(*, keep: timedelta, limit: int = 500) -> int:
    """Delete up to `limit` messages that were discarded more than `keep` ago. Returns how many.

    The audit log keeps a summary of each, and bulk retries keep their items. Dead messages are never deleted.
    """
    old = Message.objects.filter(state=State.DISCARDED, finished_at__lt=clock.now() - keep)
    columns = ("task", "subject", "error_type", "note")
    with transaction.atomic():
        rows = list(old.select_for_update().only(*columns).order_by("finished_at")[:limit])
        if not rows:
            return 0
        ids = [row.pk for row in rows]
        purged = [
            {"id": str(r.pk), "task": r.task, "subject": r.subject, "error": r.error_type, "note": r.note} for r in rows
        ]
        audit.record(action="purge", actor=_RETENTION, data={"messages": purged})
        in_flight = BulkItem.objects.filter(message__in=ids, outcome=ItemOutcome.SENT)
        in_flight.update(outcome=ItemOutcome.FAILED_AGAIN, at=clock.now())
        delete_messages(ids)
    log.warning("retention: permanently deleted %s discarded messages, %s to %s", len(ids), ids[0], ids[-1])
    return len(ids)


def purge_bulk_retries(*, keep: timedelta, limit: int = slices.ROWS) -> int:
    """Delete up to `limit` items of one bulk retry that finished, or was never started, more than `keep` ago.

    The bulk retry itself is deleted with its last item. Returns 1 if there was work, else 0. The audit log keeps who
    requested what, each retried message, and the totals.
    """
    before = clock.now() - keep
    never_started = Q(state=BulkState.PREVIEW, created_at__lt=before)
    finished = Q(state__in=_FINISHED, finished_at__lt=before, next_turn_at=None)
    with transaction.atomic():
        expired = BulkOperation.objects.select_for_update().filter(never_started | finished)
        operation = expired.order_by("id").first()
        if operation is None:
            return 0
        if slices.delete_some(operation.items.order_by("position"), limit=limit) == limit:
            _forbid_resuming(operation)
            return 1
        audit.record(action="purge", actor=_RETENTION, data={"bulk": [_totals(operation)]})
        slices.delete_some(BulkOperation.objects.filter(pk=operation.pk))
    log.info("retention: deleted the bulk retry %s", operation.pk)
    return 1


def purge_charts(*, keep: timedelta) -> int:
    """Delete counts by hour and by minute that are older than any chart shows. Returns how many."""
    before = clock.now() - keep
    hours = slices.delete_some(FailureHour.objects.filter(hour__lt=before))
    return hours + slices.delete_some(QueueMinute.objects.filter(minute__lt=before))


def purge_alerts(*, keep: timedelta) -> int:
    """Delete alerts that were cleared more than `keep` ago. Returns how many."""
    return slices.delete_some(Alert.objects.filter(cleared_at__lt=clock.now() - keep))


def _forbid_resuming(operation: BulkOperation) -> None:
    """Cancel it: some of its items are gone, the rest follows in later transactions."""
    ended_at = operation.finished_at or operation.created_at
    BulkOperation.objects.filter(pk=operation.pk).update(state=BulkState.CANCELLED, finished_at=ended_at)


def _totals(operation: BulkOperation) -> dict[str, Any]:
    names = ("state", "chosen", "actor", "reason", "will_go", "skipped", "succeeded", "failed_again", "cancelled")
    return {"id": str(operation.pk)} | {name: getattr(operation, name) for name in names}
