"""Shrinking: the fewest events with which a seed's run still breaks the same rule.

The events of a failing run are left out, first whole kinds, then halves, quarters and so on, as long as the rest still
fails (Zeller's delta debugging). What is left reads as a story: who had to be killed, what had to be lost.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.simulation.chance import Event
from tests.simulation.runs import Result, run

Progress = Callable[[str], None]


def shrink(failed: Result, *, seconds: float, progress: Progress) -> Result:
    """A run that fails in the same way with fewer events. Takes about `seconds` at most."""
    search = _Search(failed, failed, time.monotonic() + seconds, progress)
    for kind in sorted({kind for kind, _number in failed.happened}):
        search.try_without(event for event in search.smallest.happened if event[0] == kind)
    size = len(search.smallest.happened) // 2
    while size and search.has_time:
        search.sweep(size)
        size = min(size // 2, len(search.smallest.happened) // 2)
    return search.smallest


@dataclass
class _Search:
    failed: Result
    smallest: Result
    end: float
    progress: Progress

    @property
    def has_time(self) -> bool:
        return time.monotonic() < self.end

    def sweep(self, size: int) -> None:
        """Try to leave out each group of `size` events."""
        start = 0
        while start < len(self.smallest.happened) and self.has_time:
            group = sorted(self.smallest.happened)[start : start + size]
            if not self.try_without(group):
                start += size

    def try_without(self, events: Iterable[Event]) -> bool:
        """Leave these events out for good if the rest still breaks the rule."""
        tried = run(self.failed.seed, only=self.smallest.happened.difference(events)) if self.has_time else None
        if tried is None or not tried.rules & self.failed.rules or len(tried.happened) >= len(self.smallest.happened):
            return False
        self.smallest = tried
        self.progress(f"{len(tried.happened)} events left of {len(self.failed.happened)}")
        return True
