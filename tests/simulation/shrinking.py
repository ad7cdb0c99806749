"""Shrinking: the fewest events with which a seed's run still breaks the same rule.

The events of a failing run are left out by halves, quarters and so on, as long as the rest still fails (Zeller's delta
debugging). What is left reads as a story: who had to be killed, what had to be lost, whose turn it had to be.
"""

import time
from collections.abc import Callable, Sequence

from tests.simulation.chance import TURN, Event
from tests.simulation.runs import Result, run

Progress = Callable[[str], None]


def shrink(failed: Result, *, seconds: float, progress: Progress) -> Result:
    """A run that fails in the same way with fewer events. Takes about `seconds` at most."""
    end = time.monotonic() + seconds
    smallest = run(failed.seed, only=failed.happened)
    if not smallest.rules & failed.rules:
        return failed
    parts = 2
    while time.monotonic() < end and len(smallest.happened) > 0:
        found = _smaller(smallest, failed.rules, parts=parts, end=end)
        if found is not None:
            progress(f"{len(found.happened)} events left of {len(failed.happened)}")
            smallest, parts = found, max(2, parts - 1)
        elif parts >= len(smallest.happened):
            break
        else:
            parts = min(parts * 2, len(smallest.happened))
    return smallest


def _smaller(present: Result, rules: frozenset[str], *, parts: int, end: float) -> Result | None:
    """A failing run without one part of the events. None: each part is needed, or time is up."""
    for part in _parts(_by_kind(present), parts):
        if time.monotonic() >= end:
            return None
        tried = run(present.seed, only=present.happened.difference(part))
        if tried.rules & rules and len(tried.happened) < len(present.happened):
            return tried
    return None


def _by_kind(result: Result) -> list[Event]:
    """Turns come first: there are far more of them than of anything else, and most are not needed."""
    return sorted(result.happened, key=lambda event: (event[0] != TURN, *event))


def _parts(events: Sequence[Event], count: int) -> list[Sequence[Event]]:
    size = -(-len(events) // count)
    return [events[start : start + size] for start in range(0, len(events), size)]
