"""Is a simulated outside system played to be down? For demo and tests: a real one needs no help with that.

A file in `var/` whose modification time lies ahead says until when, so that all processes of a machine see it at once
and it ends by itself.
"""

import os
import time
from pathlib import Path

from messaging.conf import settings


def begin(*, name: str, seconds: float) -> None:
    """Let the simulated system `name`, such as `gateway.simulated`, answer nobody for so long."""
    path = _file(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    until = time.time() + seconds
    os.utime(path, (until, until))


def end(*, name: str) -> None:
    """Let it answer again."""
    _file(name).unlink(missing_ok=True)


def is_played(*, name: str) -> bool:
    """Whether the simulated system `name` must not answer now."""
    try:
        return _file(name).stat().st_mtime > time.time()
    except FileNotFoundError:
        return False


def _file(name: str) -> Path:
    return Path(settings.CONVEYOR_OUTAGES_DIR) / name
