"""How a cost grows: flat, logarithmic, or by which power of the size."""

import math
from collections.abc import Mapping

#: Exponent of the size below which a cost counts as flat, and as logarithmic. Over a thousand times as many rows, 0.05
#: is 1.4 times the cost. An index of a million rows is two or three times as deep as one of a thousand, which is 0.15.
FLAT, LOGARITHMIC = 0.05, 0.16


def exponent(costs: Mapping[float, float]) -> float:
    """The power of the size by which a cost grows: the slope of its logarithm over that of the size."""
    points = [(math.log(max(size, 1)), math.log(max(cost, 1e-9))) for size, cost in costs.items()]
    middle_x, middle_y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else 0.0


def verdict(costs: Mapping[float, float]) -> str:
    """ "flat", "logarithmic", or the exponent."""
    power = exponent(costs)
    if power <= FLAT:
        return "flat"
    return "logarithmic" if power <= LOGARITHMIC else f"power {power:.2f}"
