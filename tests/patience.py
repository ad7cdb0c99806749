"""Hang guards: how long a test waits for what must happen. They say nothing about speed.

A wait ends as soon as its condition holds, so a generous limit costs nothing until a test fails. It must exceed what a
machine needs that is slow and busy with other work, and stay below pytest's own timeout.
"""

import time
from collections.abc import Callable

#: Seconds.
PATIENCE = 240.0
MILLISECONDS = PATIENCE * 1000
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.02, 0.2


def wait_for(predicate: Callable[[], object], *, what: str = "") -> object:
    """The first true value of `predicate`; an AssertionError after `PATIENCE`."""
    deadline, pause = time.monotonic() + PATIENCE, _SHORTEST_PAUSE
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"timed out after {PATIENCE:g} s: {what or predicate!r}; last value: {value!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
