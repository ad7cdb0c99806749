"""Logarithmic time axis, so that milliseconds and hours fit on one chart.

The width of each interval between two consecutive events is the logarithm of its duration. Short waits stay visible
next to a delay of half an hour; durations are printed beside the bars.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import log1p

WIDTH = 1000
SHORTEST_MS = 5


@dataclass(frozen=True, slots=True)
class Tick:
    x: int
    seconds: float


class TimeScale:
    """Maps times to 0…`WIDTH`. Built from all times that are drawn; a time in between maps to the one before it."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        self._moments = sorted(set(moments))
        self._positions = [0.0]
        for before, after in pairwise(self._moments):
            self._positions.append(self._positions[-1] + log1p(_ms(before, after) / SHORTEST_MS))

    def x(self, moment: datetime) -> int:
        """The position of a time, in whole units."""
        index = max(0, bisect_right(self._moments, moment) - 1)
        return round(self._positions[index] * WIDTH / (self._positions[-1] or 1))

    def ticks(self, *, apart: int = 170) -> list[Tick]:
        """A selection of the times, at least `apart` units from each other, with the seconds since the first."""
        found: list[Tick] = []
        for moment in self._moments:
            x = self.x(moment)
            if not found or x - found[-1].x >= apart:
                found.append(Tick(x, _ms(self._moments[0], moment) / 1000))
        return found


def _ms(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds() * 1000)
