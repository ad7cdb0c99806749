"""The table of docs/explanation/performance.md: pages at the smallest and the largest size of each dimension."""

from collections.abc import Iterator, Mapping
from typing import Any

from bench.support.growth.curves import verdict

DIMENSIONS = ("orders", "messages", "products")


def markdown(kept: Mapping[str, Any]) -> Iterator[str]:
    """Lines of the table, of the dimensions that have been measured."""
    dimensions = [dimension for dimension in DIMENSIONS if dimension in kept]
    sizes = {dimension: sorted({row[0] for row in kept[dimension]}) for dimension in dimensions}
    heads = [f"{dimension}: {size[0]:,} → {size[-1]:,}" for dimension, size in sizes.items()]
    yield "| | statements | " + " | ".join(heads) + " |"
    yield "|---|" + "---|" * (1 + len(heads))
    names = dict.fromkeys(row[2] for dimension in dimensions for row in kept[dimension])
    for name in names:
        statements = {row[3]["statements"] for each in dimensions for row in kept[each] if row[2] == name}
        cells = [_cell([row for row in kept[dimension] if row[2] == name]) for dimension in dimensions]
        yield f"| {name} | {_range(statements)} | " + " | ".join(cells) + " |"


def _cell(rows: list[list[Any]]) -> str:
    if not rows:
        return ""
    pages = {row[0]: row[3]["pages"] for row in rows}
    first, last = pages[min(pages)], pages[max(pages)]
    return f"{first:,} → {last:,}, {verdict(pages)}"


def _range(values: set[int]) -> str:
    return f"{min(values)}" if len(values) == 1 else f"{min(values)} to {max(values)}"
