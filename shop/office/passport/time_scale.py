"""Logarithmic time axis that shows milliseconds and hours side by side.

Each stretch between two moments at which something happened is drawn as wide as the logarithm of its length. So the
order of things and the short waits stay visible beside a delay of half an hour; how long each took stands beside it.
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
    """Maps moments to 0…`WIDTH`. Made from all moments that will be asked for; others fall between them."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        self._moments = sorted(set(moments))
        self._places = [0.0]
        for before, after in pairwise(self._moments):
            self._places.append(self._places[-1] + log1p(_ms(before, after) / SHORTEST_MS))

    def x(self, moment: datetime) -> int:
        """The place of a moment, in whole units."""
        number = max(0, bisect_right(self._moments, moment) - 1)
        return round(self._places[number] * WIDTH / (self._places[-1] or 1))

    def ticks(self, *, apart: int = 170) -> list[Tick]:
        """Some of the moments, at least `apart` units from one another, with the seconds since the first."""
        found: list[Tick] = []
        for moment in self._moments:
            x = self.x(moment)
            if not found or x - found[-1].x >= apart:
                found.append(Tick(x, _ms(self._moments[0], moment) / 1000))
        return found


def _ms(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds() * 1000)
