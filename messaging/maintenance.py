"""What does the ledger need done from time to time?"""

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from messaging import invariants, trail
from messaging.models import BulkItem, BulkOperation, BulkState, FailureHour, Message, State
from messaging.payloads import Payload
from messaging.permissions import Actor
from messaging.uuids import first_uuid7_of

log = logging.getLogger(__name__)
_ENDED = (BulkState.FINISHED, BulkState.CANCELLED, BulkState.STOPPED)


class PurgeFinished(Payload, task="messaging.purge_finished", routing_key="maintenance.purge"):
    """Delete messages that succeeded long ago. Dead ones stay, and discarded ones for as long as their page says."""


class LookForAlerts(Payload, task="messaging.look_for_alerts", routing_key="maintenance.alert"):
    """See whether people must be told of something, and tell them once."""


class CheckInvariants(Payload, task="messaging.check_invariants", routing_key="maintenance.audit"):
    """Run the audit and log what is broken, so that nobody has to think of running it."""


class CountMinutes(Payload, task="messaging.count_minutes", routing_key="maintenance.count"):
    """Count what went through each queue since the last time, for the charts of the queues' page."""


def purge_finished(*, keep: timedelta, limit: int = 5000) -> int:
    """Delete up to `limit` messages that were made, and done, more than `keep` ago; how many.

    Ids sort by time, so that the primary key finds them and no further index is paid for on every insert.
    """
    old = Message.objects.filter(pk__lt=first_uuid7_of(timezone.now() - keep), state=State.DONE)
    ids = list(old.order_by("pk").values_list("pk", flat=True)[:limit])
    deleted, _ = Message.objects.filter(pk__in=ids, state=State.DONE).delete()
    return deleted


def purge_discarded(*, keep: timedelta, limit: int = 500) -> int:
    """Delete up to `limit` messages that were discarded more than `keep` ago; how many. The audit keeps what they were.

    Bulk operations keep their rows of them, and dead messages are never deleted.
    """
    old = Message.objects.filter(state=State.DISCARDED, finished_at__lt=timezone.now() - keep)
    with transaction.atomic():
        rows = list(old.select_for_update().order_by("finished_at")[:limit])
        if not rows:
            return 0
        ids = [row.pk for row in rows]
        told = [
            {"id": str(r.pk), "task": r.task, "subject": r.subject, "error": r.error_type, "note": r.note} for r in rows
        ]
        trail.record(action="purge", actor=Actor.system("retention"), data={"messages": told})
        Message.objects.filter(pk__in=ids).delete()
    log.warning("retention: %s discarded messages deleted for good, %s to %s", len(ids), ids[0], ids[-1])
    return len(ids)


def purge_bulk(*, keep: timedelta, limit: int = 20) -> int:
    """Delete up to `limit` bulk operations that ended, or were previewed and never started, more than `keep` ago, with
    their items; how many. The audit keeps who asked for what, each message that went, and these sums."""
    before = timezone.now() - keep
    never_started = Q(state=BulkState.PREVIEW, created_at__lt=before)
    ended = Q(state__in=_ENDED, finished_at__lt=before, next_turn_at=None)
    with transaction.atomic():
        old = list(BulkOperation.objects.select_for_update().filter(never_started | ended).order_by("id")[:limit])
        if not old:
            return 0
        trail.record(action="purge", actor=Actor.system("retention"), data={"bulk": [_sums(one) for one in old]})
        BulkItem.objects.filter(operation__in=old).delete()
        BulkOperation.objects.filter(pk__in=[one.pk for one in old]).delete()
    log.info("retention: %s bulk operations deleted", len(old))
    return len(old)


def _sums(operation: BulkOperation) -> dict[str, Any]:
    names = ("state", "chosen", "actor", "reason", "will_go", "skipped", "succeeded", "failed_again", "cancelled")
    return {"id": str(operation.pk)} | {name: getattr(operation, name) for name in names}


def purge_hours(*, keep: timedelta) -> int:
    """Forget hours that no chart shows any more; how many."""
    deleted, _ = FailureHour.objects.filter(hour__lt=timezone.now() - keep).delete()
    return deleted


def check_invariants() -> int:
    """Log every broken invariant as an error; how many there are."""
    broken = invariants.audit()
    for violation in broken:
        log.error("invariant broken: %s: %s", violation.invariant, violation.detail)
    return len(broken)
