"""Retention of the desk's records: discarded messages, bulk retries, hourly trends."""

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from messaging.models import Message, State
from messaging.operations import audit
from messaging.operations.models import BulkItem, BulkOperation, BulkState, FailureHour
from messaging.operations.permissions import Actor

log = logging.getLogger(__name__)
_FINISHED = (BulkState.FINISHED, BulkState.CANCELLED, BulkState.STOPPED)
_RETENTION = Actor.system("retention")


def purge_discarded(*, keep: timedelta, limit: int = 500) -> int:
    """Delete up to `limit` messages that were discarded more than `keep` ago. Returns how many.

    The audit log keeps a summary of each, and bulk retries keep their items. Dead messages are never deleted.
    """
    old = Message.objects.filter(state=State.DISCARDED, finished_at__lt=timezone.now() - keep)
    with transaction.atomic():
        rows = list(old.select_for_update().order_by("finished_at")[:limit])
        if not rows:
            return 0
        ids = [row.pk for row in rows]
        purged = [
            {"id": str(r.pk), "task": r.task, "subject": r.subject, "error": r.error_type, "note": r.note} for r in rows
        ]
        audit.record(action="purge", actor=_RETENTION, data={"messages": purged})
        Message.objects.filter(pk__in=ids).delete()
    log.warning("retention: permanently deleted %s discarded messages, %s to %s", len(ids), ids[0], ids[-1])
    return len(ids)


def purge_bulk_retries(*, keep: timedelta, limit: int = 20) -> int:
    """Delete up to `limit` bulk retries that finished, or were created but never started, more than `keep` ago.

    Returns how many. The audit log keeps who requested what, each retried message, and the totals.
    """
    before = timezone.now() - keep
    never_started = Q(state=BulkState.PREVIEW, created_at__lt=before)
    finished = Q(state__in=_FINISHED, finished_at__lt=before, next_turn_at=None)
    with transaction.atomic():
        old = list(BulkOperation.objects.select_for_update().filter(never_started | finished).order_by("id")[:limit])
        if not old:
            return 0
        audit.record(action="purge", actor=_RETENTION, data={"bulk": [_totals(one) for one in old]})
        BulkItem.objects.filter(operation__in=old).delete()
        BulkOperation.objects.filter(pk__in=[one.pk for one in old]).delete()
    log.info("retention: deleted %s bulk retries", len(old))
    return len(old)


def purge_trends(*, keep: timedelta) -> int:
    """Delete hourly counts older than any chart shows. Returns how many."""
    deleted, _ = FailureHour.objects.filter(hour__lt=timezone.now() - keep).delete()
    return deleted


def _totals(operation: BulkOperation) -> dict[str, Any]:
    names = ("state", "chosen", "actor", "reason", "will_go", "skipped", "succeeded", "failed_again", "cancelled")
    return {"id": str(operation.pk)} | {name: getattr(operation, name) for name in names}
