"""Arithmetic of the results: medians, spread, ratios within a round, and the table that shows them."""

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

#: A result by the name of its figure.
Result = Mapping[str, float]
#: The results of all rounds by contender; the first contender is what the others are compared with.
Results = Mapping[str, Sequence[Result]]


class Spread(NamedTuple):
    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that at least `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def cpu_of_an_order(seconds: Mapping[str, float], orders: int) -> dict[str, float]:
    """Milliseconds of CPU for a completed order: of the whole machine as `cpu`, and by kind of process."""
    each = {kind: 1000 * used / orders for kind, used in seconds.items()}
    return {"cpu": sum(each.values()), **{f"cpu {kind}": used for kind, used in each.items()}}


def of(results: Results, contender: str, figure: str) -> Spread | None:
    """The spread over the rounds; None if the contender has no such figure."""
    values = [result[figure] for result in results[contender] if figure in result]
    return spread(values) if values else None


def ratios(results: Results, contender: str, base: str, figure: str, of_figure: str = "") -> Spread | None:
    """A contender's `figure` as a share of that of `base`, or of its `of_figure`.

    Each round is compared with itself: what disturbs a round disturbs both.
    """
    whole = of_figure or figure
    pairs = zip(results[contender], results[base], strict=False)
    values = [one[figure] / other[whole] for one, other in pairs if other.get(whole) and figure in one]
    return spread(values) if values else None


def table(results: Results, figures: Mapping[str, str], *, compared: Mapping[str, str]) -> str:
    """Markdown: a row a contender, a column a figure, and ratios to the first contender.

    `figures` and `compared` are headings by figure. The range over the rounds follows each median.
    """
    base = next(iter(results))
    rows = [
        [
            name,
            *(shown(of(results, name, figure)) for figure in figures),
            *(shown(ratios(results, name, base, figure)) for figure in compared),
        ]
        for name in results
    ]
    return markdown(["", *figures.values(), *compared.values()], rows)


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, ["---"] * len(headings), *rows))


def shown(value: Spread | None) -> str:
    if value is None:
        return "–"
    if value.low == value.high:
        return number(value.median)
    return f"{number(value.median)} ({number(value.low)} to {number(value.high)})"


def number(value: float) -> str:
    """Three significant digits, and all digits before the point; a whole number as it is."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
