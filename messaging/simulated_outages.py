"""Simulated outages of simulated external systems, for the demo and tests.

Each is a file whose modification time is the end of the outage: every process sees it, and it expires by itself.
"""

import os
import time
from pathlib import Path

from messaging.conf import settings


def begin(*, name: str, seconds: float) -> None:
    """Make the simulated system `name`, such as `gateway.simulated`, unreachable."""
    path = _file(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    until = time.time() + seconds
    os.utime(path, (until, until))


def end(*, name: str) -> None:
    _file(name).unlink(missing_ok=True)


def is_active(*, name: str) -> bool:
    try:
        return _file(name).stat().st_mtime > time.time()
    except FileNotFoundError:
        return False


def _file(name: str) -> Path:
    return Path(settings.CONVEYOR_OUTAGES_DIR) / name
