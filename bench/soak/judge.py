"""Growth of a measured series: its trend after the warm-up beside a bound.

The trend is the Theil–Sen slope, the median of the slopes between all pairs of points, which a peak does not move.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

#: What is not judged, a share of the run and seconds at least: caches fill, pools open their connections, and tables
#: with retention reach their size.
WARM_UP, LEAST_WARM_UP = 0.25, 360.0
#: A longer series is cut into this many stretches, each with its median.
POINTS = 60

#: Seconds since the start, and the value.
Series = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Bound:
    """How much a series may grow while it is judged: a share of its first third's median, but at least `least`."""

    share: float
    least: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """`first` and `last` are medians of the first and last third, `growth` the trend over what was judged."""

    first: float
    last: float
    growth: float
    allowed: float

    @property
    def has_grown(self) -> bool:
        return self.growth > self.allowed


def thinned(series: Series) -> list[tuple[float, float]]:
    """At most `POINTS` points, medians of stretches of equal length."""
    size = max(1, -(-len(series) // POINTS))
    stretches = [series[start : start + size] for start in range(0, len(series), size)]
    return [
        (statistics.median(at for at, _ in stretch), statistics.median(value for _, value in stretch))
        for stretch in stretches
    ]


def judged(series: Series) -> list[tuple[float, float]]:
    """What comes after the warm-up, thinned."""
    warm = max(LEAST_WARM_UP, WARM_UP * series[-1][0]) if series else 0.0
    return thinned([point for point in series if point[0] >= warm])


def slope(points: Series) -> float:
    """Theil–Sen, by second."""
    slopes = [(y - x) / (till - since) for (since, x), (till, y) in combinations(points, 2) if till > since]
    return statistics.median(slopes) if slopes else 0.0


def verdict(series: Series, bound: Bound) -> Verdict | None:
    """None if fewer than three points are left to judge."""
    points = judged(series)
    if len(points) < 3:
        return None
    third = len(points) // 3
    first, last = (statistics.median(value for _, value in part) for part in (points[:third], points[-third:]))
    growth = slope(points) * (points[-1][0] - points[0][0])
    return Verdict(first, last, growth, max(bound.least, bound.share * abs(first)))


def grown(verdicts: Mapping[str, Verdict]) -> list[str]:
    """A sentence for each series that has grown."""
    return [
        f"{name} grew by {each.growth:,.2f}, from {each.first:,.2f} to {each.last:,.2f}; {each.allowed:,.2f} is allowed"
        for name, each in verdicts.items()
        if each.has_grown
    ]
