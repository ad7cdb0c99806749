"""Moments at which the storm strikes: just before and just after an order is committed.

A moment is armed by a file in `CONVEYOR_VAR/moments/`. The process that renames the file is struck, so that a moment
strikes once.
"""

import os
import signal
import time
from pathlib import Path

BEFORE_COMMIT, AFTER_COMMIT = "before-commit", "after-commit"
#: A payments worker has looked for a payment that is not committed.
NOT_FOUND = "not-found"
#: SIGKILL to the web server; the process waits until `release`.
KILL, HOLD = "kill", "hold"


def arm(folder: Path, moment: str, effect: str) -> Path:
    """Arm `moment`. The returned file exists once it has struck."""
    path = folder / "moments" / moment
    path.parent.mkdir(exist_ok=True)
    struck = path.with_suffix(".struck")
    struck.unlink(missing_ok=True)
    written = path.with_suffix(".written")
    written.write_text(effect)
    written.rename(path)
    return struck


def release(struck: Path) -> None:
    """End a `HOLD` that has struck."""
    struck.unlink()


def reach(moment: str) -> None:
    """Called by the process at `moment`."""
    path = Path(os.environ["CONVEYOR_VAR"]) / "moments" / moment
    struck = path.with_suffix(".struck")
    try:
        path.rename(struck)
    except FileNotFoundError:
        return
    effect = struck.read_text()
    if effect == KILL:
        os.killpg(os.getpgid(0), signal.SIGKILL)
    while effect == HOLD and struck.exists():
        time.sleep(0.01)
