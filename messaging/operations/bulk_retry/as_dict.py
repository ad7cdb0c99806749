"""Bulk retries and their messages as JSON types, for the command line, the API and files."""

from collections.abc import Sequence
from typing import Any

from messaging.operations.bulk_retry import labels, selectors
from messaging.operations.models import BulkItem, BulkOperation
from messaging.operations.privacy.masking import mask_text

_FIELDS = ("state", "chosen", "actor", "rate", "canary", "stop_ratio", "will_go", "waiting", "sent", "succeeded",
           "failed_again", "cancelled")  # fmt: skip
_TIMES = ("created_at", "started_at", "finished_at")


def as_dicts(operations: Sequence[BulkOperation]) -> list[dict[str, Any]]:
    """Bulk retries, with one extra statement for all of them.

    `skipped` counts by reason; `seconds_left` is the time until all are sent, None unless running.
    """
    skipped = selectors.skip_counts(operations)
    return [_as_dict(operation, skipped[operation.pk]) for operation in operations]


def detail_as_dict(operation: BulkOperation) -> dict[str, Any]:
    """One bulk retry, with warnings."""
    return as_dicts([operation])[0] | {"warnings": warnings_of(operation)}


def warnings_of(operation: BulkOperation) -> list[str]:
    """What blocks it, in sentences."""
    return [labels.queue_is_paused(queue) for queue in selectors.paused_queues(operation)]


def item_as_dict(item: BulkItem) -> dict[str, Any]:
    """Payloads and error texts are left out: they may be personal."""
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


def _as_dict(operation: BulkOperation, skipped: dict[str, int]) -> dict[str, Any]:
    progress = selectors.progress(operation)
    times = {name: getattr(operation, name) for name in _TIMES}
    return {
        "id": str(operation.pk),
        **{name: getattr(operation, name) for name in _FIELDS},
        "reason": mask_text(operation.reason),
        "skipped": skipped,
        "percent": progress.percent,
        "seconds_left": progress.seconds_left,
        "why_stopped": labels.why_stopped(operation),
        **{name: at.isoformat() if at else None for name, at in times.items()},
    }
