"""Retry backoff: `CONVEYOR_RETRY_BASE` doubled per failed attempt, up to `CONVEYOR_RETRY_MAX_SECONDS`."""

from typing import Any

from messaging.conf import settings


def celery_options() -> dict[str, Any]:
    """Celery's own retry options for a task. Celery computes the wait, with full jitter."""
    return {
        "max_retries": settings.CONVEYOR_RETRY_MAX_ATTEMPTS - 1,
        "retry_backoff": settings.CONVEYOR_RETRY_BASE,
        "retry_backoff_max": settings.CONVEYOR_RETRY_MAX_SECONDS,
        "retry_jitter": True,
    }


def seconds(*, retries: int) -> float:
    """The wait after `retries` earlier retries, without jitter, for messages that fail outside a task."""
    return float(min(settings.CONVEYOR_RETRY_BASE * 2**retries, settings.CONVEYOR_RETRY_MAX_SECONDS))
