"""The desk's entries for Celery's `beat_schedule`; seconds."""

from typing import Any, Final

ALERTS_EVERY: Final = 60.0
SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "purge expired records": {"task": "operations.purge_expired", "schedule": 600.0},
    "raise alerts": {"task": "operations.raise_alerts", "schedule": ALERTS_EVERY},
    "requeue overdue bulk retries": {"task": "operations.requeue_overdue_turns", "schedule": 5.0},
    "count throughput": {"task": "operations.count_throughput", "schedule": 60.0},
}
