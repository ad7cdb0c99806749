"""What do commands, the API and files tell of a bulk operation, and of each of its messages?"""

from collections.abc import Sequence
from typing import Any

from messaging.bulk import selectors, words
from messaging.masking import mask_text
from messaging.models import BulkItem, BulkOperation


def facts_of_all(operations: Sequence[BulkOperation]) -> list[dict[str, Any]]:
    """Those of many, with one statement for all of them."""
    skipped = selectors.skip_counts(operations)
    return [_facts(operation, skipped[operation.pk]) for operation in operations]


def told(operation: BulkOperation) -> dict[str, Any]:
    """The facts of one, and what holds it up."""
    return facts_of(operation) | {"warnings": warnings_of(operation)}


def warnings_of(operation: BulkOperation) -> list[str]:
    """What holds it up, in sentences."""
    return [words.queue_is_paused(queue) for queue in selectors.paused_queues(operation)]


def facts_of(operation: BulkOperation) -> dict[str, Any]:
    """As JSON types. `skipped` counts by reason; `seconds_left` is until all are sent, None unless messages go."""
    (facts,) = facts_of_all([operation])
    return facts


def _facts(operation: BulkOperation, skipped: dict[str, int]) -> dict[str, Any]:
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
        "why_stopped": words.why_stopped(operation),
        "created_at": operation.created_at.isoformat(),
        "started_at": operation.started_at.isoformat() if operation.started_at else None,
        "finished_at": operation.finished_at.isoformat() if operation.finished_at else None,
    }


def facts_of_item(item: BulkItem) -> dict[str, Any]:
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
