"""Automatic stop of a bulk retry: too many of the canary, or of the last to finish, failed again."""

from datetime import datetime
from typing import Any

from messaging.conf import settings
from messaging.operations.bulk_retry.pace import canary_items
from messaging.operations.models import SETTLED, BulkOperation, ItemOutcome

#: The failure rate is measured over the last `LAST` to finish, once there are `FEWEST`.
LAST = 50
FEWEST = 10


def check_canary(operation: BulkOperation, *, now: datetime) -> dict[str, Any] | None:
    """The reason to stop, or None. Sets `canary_passed` once the whole canary has finished well enough."""
    if operation.canary_passed:
        return None
    outcomes = list(canary_items(operation).values_list("outcome", flat=True))
    wanted = min(operation.canary, len(outcomes) + operation.waiting)
    failed = outcomes.count(ItemOutcome.FAILED_AGAIN)
    finished = failed + outcomes.count(ItemOutcome.SUCCEEDED)
    if wanted and failed / wanted >= operation.stop_ratio:
        return {"code": "canary", "failed": failed, "of": wanted}
    if finished >= wanted:
        operation.canary_passed = True
        return None
    since, limit = operation.canary_since or now, settings.CONVEYOR_BULK_CANARY_SECONDS
    if (now - since).total_seconds() > limit:
        return {"code": "canary_late", "ended": finished, "of": wanted, "seconds": limit}
    return None


def check_recent(operation: BulkOperation) -> dict[str, Any] | None:
    """The reason to stop, or None, by the last to finish since the canary passed."""
    if not operation.canary_passed:
        return None
    finished = operation.items.filter(outcome__in=SETTLED, sent_in__gte=operation.canary_from)
    last = list(finished.order_by("-at", "-position").values_list("outcome", flat=True)[:LAST])
    failed = last.count(ItemOutcome.FAILED_AGAIN)
    if len(last) >= FEWEST and failed / len(last) >= operation.stop_ratio:
        return {"code": "share", "failed": failed, "of": len(last)}
    return None
