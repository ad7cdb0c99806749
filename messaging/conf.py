"""Settings of the engine and of the desk, each with its default.

Read a setting as `conf.settings.CONVEYOR_VISIBILITY`: the project's value if its settings module has one, else the
default below. Times are in seconds unless the name says otherwise.
"""

import tempfile
from pathlib import Path
from typing import Any, Final

from django.conf import settings as django_settings

DEFAULTS: Final[dict[str, Any]] = {
    "BASE_DIR": Path.cwd(),
    "CONVEYOR_DEMO": False,
    # What is deployed: stamped on every run of a message.
    "CONVEYOR_RELEASE": "",
    "CONVEYOR_OUTAGES_DIR": Path(tempfile.gettempdir()) / "conveyor-outages",
    # Exchange and queues: the fields of `messaging.topology.Topology`.
    "MESSAGING": {"queues": {"maintenance": "maintenance.#"}},
    # Delivery.
    "CONVEYOR_PUBLISH": "ledger",
    "CONVEYOR_VISIBILITY": 60.0,
    "CONVEYOR_IN_FLIGHT": 1000,
    "CONVEYOR_MAX_WAIT": 300.0,
    "CONVEYOR_TASK_TIME_LIMIT": 25.0,
    "CONVEYOR_RETRY_BASE": 2.0,
    "CONVEYOR_RETRY_MAX_SECONDS": 600,
    "CONVEYOR_RETRY_MAX_ATTEMPTS": 5,
    # Circuit breaker.
    "CONVEYOR_CIRCUIT_FAILURES": 3,
    "CONVEYOR_CIRCUIT_SECONDS": 10.0,
    # Retention, in days.
    "CONVEYOR_KEEP_DAYS": 30,
    "CONVEYOR_KEEP_DISCARDED_DAYS": 90,
    "CONVEYOR_KEEP_BULK_DAYS": 90,
    # The desk.
    "CONVEYOR_BULK_CANARY_SECONDS": 300,
    "CONVEYOR_QUARANTINE_AFTER": 3,
    "CONVEYOR_ALERT_EMAILS": [],
    "CONVEYOR_ALERT_GROWTH": 50,
    "CONVEYOR_ALERT_GROWTH_MINUTES": 10,
    "CONVEYOR_ALERT_OLDEST_HOURS": 24,
    "CONVEYOR_ALERT_RELAY_SECONDS": 120,
    "CONVEYOR_ALERT_BEAT_SECONDS": 120,
    "CONVEYOR_DESK_URL": "",
}


class _Settings:
    """The project's settings with the defaults behind them."""

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(django_settings, name, DEFAULTS[name])
        except KeyError:
            raise AttributeError(f"messaging has no setting {name}") from None


settings: Final = _Settings()
