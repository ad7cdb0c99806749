"""When does a bulk operation stop by itself? When too many of the canary, or of those that ended last, failed again."""

from datetime import datetime
from typing import Any

from messaging.conf import settings
from messaging.operations.bulk_retry.pace import canary_of
from messaging.operations.models import SETTLED, BulkOperation, ItemOutcome

#: The share is that of the last so many that ended; fewer than `FEWEST` say nothing yet.
LAST = 50
FEWEST = 10


def look_at_canary(operation: BulkOperation, *, now: datetime) -> dict[str, Any] | None:
    """Why to stop, or None. Sets `canary_passed` once all of the canary have ended well enough."""
    if operation.canary_passed:
        return None
    outcomes = list(canary_of(operation).values_list("outcome", flat=True))
    wanted = min(operation.canary, len(outcomes) + operation.waiting)
    failed = outcomes.count(ItemOutcome.FAILED_AGAIN)
    ended = failed + outcomes.count(ItemOutcome.SUCCEEDED)
    if wanted and failed / wanted >= operation.stop_ratio:
        return {"code": "canary", "failed": failed, "of": wanted}
    if ended >= wanted:
        operation.canary_passed = True
        return None
    since = operation.canary_since or now
    if (now - since).total_seconds() > settings.CONVEYOR_BULK_CANARY_SECONDS:
        return {"code": "canary_late", "ended": ended, "of": wanted, "seconds": settings.CONVEYOR_BULK_CANARY_SECONDS}
    return None


def look_at_the_last(operation: BulkOperation) -> dict[str, Any] | None:
    """Why to stop, or None, by those that ended last since the canary passed."""
    if not operation.canary_passed:
        return None
    ended = operation.items.filter(outcome__in=SETTLED, position__gte=operation.canary_from)
    last = list(ended.order_by("-at", "-position").values_list("outcome", flat=True)[:LAST])
    failed = last.count(ItemOutcome.FAILED_AGAIN)
    if len(last) >= FEWEST and failed / len(last) >= operation.stop_ratio:
        return {"code": "share", "failed": failed, "of": len(last)}
    return None
