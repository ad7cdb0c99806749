"""Reads of bulk retries: progress, allowed actions, outcomes, blocking queues."""

import math
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from messaging import pauses
from messaging.operations.bulk_retry.driver import DriveBulkRetry
from messaging.operations.bulk_retry.services import MOVES
from messaging.operations.models import BulkItem, BulkOperation, BulkState, ItemOutcome, SkipReason, Verdict
from messaging.topology import topology


@dataclass(frozen=True)
class Progress:
    """`percent` is the share of finished messages. `seconds_left` is the time until all are sent at the operation's
    rate, None unless running. `live`: the numbers will still change."""

    percent: int
    seconds_left: int | None
    live: bool


def operation(operation_id: uuid.UUID) -> BulkOperation:
    """Raises `BulkOperation.DoesNotExist`."""
    return BulkOperation.objects.get(pk=operation_id)


def operations(*, state: str = "") -> QuerySet[BulkOperation]:
    """All, or those in one state, newest first."""
    found = BulkOperation.objects.order_by("-id")
    return found.filter(state=state) if state else found


def progress(operation: BulkOperation) -> Progress:
    running = operation.state == BulkState.RUNNING
    finished = operation.will_go - operation.waiting - operation.sent
    return Progress(
        percent=100 * finished // operation.will_go if operation.will_go else 100,
        seconds_left=math.ceil(operation.waiting / operation.rate) if running and operation.waiting else None,
        live=running or operation.sent > 0,
    )


def allowed_actions(operation: BulkOperation) -> tuple[str, ...]:
    """The actions that its state allows, such as `pause`."""
    return tuple(action for action, (sources, _) in MOVES.items() if operation.state in sources)


def skip_counts(operations: Iterable[BulkOperation]) -> dict[uuid.UUID, dict[str, int]]:
    """Skipped messages of each operation by `SkipReason`, most frequent first."""
    counts: dict[uuid.UUID, dict[str, int]] = {operation.pk: {} for operation in operations}
    skipped = BulkItem.objects.filter(operation_id__in=counts, outcome=ItemOutcome.SKIPPED)
    rows = skipped.values_list("operation_id", "reason").annotate(count=Count("id")).order_by("-count", "reason")
    for operation_id, reason, count in rows:
        counts[operation_id][reason] = count
    return counts


def skip_labels(operation: BulkOperation) -> list[tuple[str, int]]:
    """The labels of the skip reasons, each with its count."""
    return [(str(SkipReason(reason).label), count) for reason, count in skip_counts([operation])[operation.pk].items()]


def paused_queues(operation: BulkOperation) -> list[str]:
    """The paused queues that block the rest of the operation: those of its messages, and that of the driver."""
    paused = pauses.paused()
    if not paused or operation.state in (BulkState.FINISHED, BulkState.CANCELLED):
        return []
    left = operation.items.filter(outcome__in=(ItemOutcome.WAITING, ItemOutcome.SENT), message__queue__in=paused)
    driver = topology().queue_for(DriveBulkRetry.routing_key)
    return sorted({*left.values_list("message__queue", flat=True).distinct(), *({driver} & paused)})


def tasks_to_retry(operation: BulkOperation) -> list[dict[str, Any]]:
    """How many messages of each task and queue will be retried."""
    retried = operation.items.filter(verdict=Verdict.WILL_GO)
    rows = retried.values_list("message__task", "message__queue").annotate(count=Count("id"))
    return [dict(zip(("task", "queue", "count"), row, strict=True)) for row in rows.order_by("-count")[:20]]


def failed_again(operation: BulkOperation, *, limit: int = 20) -> list[BulkItem]:
    """The latest items that failed again, with their messages."""
    failed = operation.items.filter(outcome=ItemOutcome.FAILED_AGAIN)
    return list(_with_messages(failed).order_by("-at", "-position")[:limit])


def items(operation: BulkOperation, *, outcome: str = "") -> QuerySet[BulkItem]:
    """Items in order, each with its message. Items whose message was purged are left out."""
    found = operation.items.filter(outcome=outcome) if outcome else operation.items.all()
    return _with_messages(found).order_by("position")


def _with_messages(found: QuerySet[BulkItem]) -> QuerySet[BulkItem]:
    """Without payloads and error texts, which are large and may be personal."""
    columns = ("task", "queue", "subject", "state", "error_type")
    own = ("position", "verdict", "reason", "detail", "outcome", "at", "operation_id")
    return found.select_related("message").only(*own, *(f"message__{column}" for column in columns))
