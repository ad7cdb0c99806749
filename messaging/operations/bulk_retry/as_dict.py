"""A bulk retry, and each of its messages, as JSON types for commands, API and files."""

from collections.abc import Sequence
from typing import Any

from messaging.operations.bulk_retry import labels, selectors
from messaging.operations.models import BulkItem, BulkOperation
from messaging.operations.privacy.masking import mask_text


def as_dicts(operations: Sequence[BulkOperation]) -> list[dict[str, Any]]:
    """Many bulk retries, with one statement for all of them."""
    skipped = selectors.skip_counts(operations)
    return [_operation_as_dict(operation, skipped[operation.pk]) for operation in operations]


def detail_as_dict(operation: BulkOperation) -> dict[str, Any]:
    """One bulk retry, with warnings."""
    return as_dict(operation) | {"warnings": warnings_of(operation)}


def warnings_of(operation: BulkOperation) -> list[str]:
    """What blocks it, in sentences."""
    return [labels.queue_is_paused(queue) for queue in selectors.paused_queues(operation)]


def as_dict(operation: BulkOperation) -> dict[str, Any]:
    """One bulk retry. `skipped` counts by reason; `seconds_left` is until all are sent, None unless running."""
    (facts,) = as_dicts([operation])
    return facts


def _operation_as_dict(operation: BulkOperation, skipped: dict[str, int]) -> dict[str, Any]:
    progress = selectors.progress(operation)
    return {
        "id": str(operation.pk),
        "state": operation.state,
        "chosen": operation.chosen,
        "actor": operation.actor,
        "reason": mask_text(operation.reason),
        "rate": operation.rate,
        "canary": operation.canary,
        "stop_ratio": operation.stop_ratio,
        "will_go": operation.will_go,
        "skipped": skipped,
        "waiting": operation.waiting,
        "sent": operation.sent,
        "succeeded": operation.succeeded,
        "failed_again": operation.failed_again,
        "cancelled": operation.cancelled,
        "percent": progress.percent,
        "seconds_left": progress.seconds_left,
        "why_stopped": labels.why_stopped(operation),
        "created_at": operation.created_at.isoformat(),
        "started_at": operation.started_at.isoformat() if operation.started_at else None,
        "finished_at": operation.finished_at.isoformat() if operation.finished_at else None,
    }


def item_as_dict(item: BulkItem) -> dict[str, Any]:
    """Payloads and error texts stay out: they may be personal."""
    return {
        "position": item.position,
        "message_id": str(item.message_id),
        "task": item.message.task,
        "queue": item.message.queue,
        "subject": item.message.subject,
        "verdict": item.verdict,
        "reason": item.reason,
        "detail": item.detail,
        "outcome": item.outcome,
        "at": item.at.isoformat(timespec="milliseconds"),
        "error_type": item.message.error_type,
    }
