"""Simulated faults of simulated external systems, for the demo and tests.

Each is a file whose modification time is the end of the fault: every process sees it, and it expires by itself. Its
content is the fault's amount, where it has one, such as seconds of latency.
"""

import os
import time
from pathlib import Path

from messaging.conf import settings

#: Cures of scripted failures, which are kept as faults without an end are: a retry succeeds while they last.
BUG_FIXED, OUTAGE_ENDED = "bug.fixed", "outage.ended"
FOREVER = 10 * 365 * 86_400


def begin(*, name: str, seconds: float, amount: float = 1) -> None:
    """Begin a fault, such as `gateway.simulated`: that system is unreachable."""
    path = _file(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{amount:g}")
    until = time.time() + seconds
    os.utime(path, (until, until))


def end(*, name: str) -> None:
    _file(name).unlink(missing_ok=True)


def is_active(*, name: str) -> bool:
    try:
        return _file(name).stat().st_mtime > time.time()
    except FileNotFoundError:
        return False


def amount(*, name: str) -> float:
    """The amount of an active fault, else 0. A file that is just being written counts as inactive."""
    try:
        return float(_file(name).read_text()) if is_active(name=name) else 0.0
    except (FileNotFoundError, ValueError):
        return 0.0


def _file(name: str) -> Path:
    return Path(settings.CONVEYOR_OUTAGES_DIR) / name
