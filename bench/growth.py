"""How costs grow with what is kept: `python bench/growth.py [--quick] [--only orders]`.

Measures each page, each task of an order, a checkout and a claim of 1,000 beside ever more orders, waiting messages
and products, each on a scratch PostgreSQL database; then, with real processes, messages and charges while more relays
and payment slots share the work. Prints every figure, with the growth of the pages of the database's cache that
PostgreSQL looks at, and keeps them in var/growth.json. Without `--quick`, which takes small sizes, it draws the curves
in docs/images/performance.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench.support.growth import charts, summary  # noqa: E402
from bench.support.growth.curves import verdict  # noqa: E402
from bench.support.report import load  # noqa: E402

SIZES = {
    "orders": [1000, 10_000, 100_000, 1_000_000],
    "messages": [1, 1000, 10_000, 100_000, 1_000_000],
    "products": [60, 1000, 10_000, 100_000],
}
QUICK = {"orders": [1000, 3000], "messages": [1, 3000], "products": [60, 300]}
#: How many processes or slots, and messages or charges at most, with `--quick` the latter.
PROCESSES = {"relays": ([1, 2, 4], 20_000, 2000), "slots": ([1, 4, 16, 64], 400, 40)}
KEPT = PROJECT / "var" / "growth.json"


def grown(module: str, *arguments: object) -> Iterator[list[Any]]:
    """The figures that a module prints, as they are measured in a process of its own."""
    command = [sys.executable, "-m", f"bench.support.growth.{module}", *map(str, arguments)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as inside:
        for line in inside.stdout or ():
            yield json.loads(line)
    if inside.returncode:
        sys.exit(f"{module} stopped with {inside.returncode}")


def show(dimension: str, rows: list[list[Any]]) -> None:
    """A line for each subject: ms in the database and pages at each size, then statements, CPU and the verdict."""
    sizes = list(dict.fromkeys(size for size, *_ in rows))
    print(f"\n{dimension:22}" + "".join(f"{size:>18,}" for size in sizes) + "  statements   CPU ms  growth of pages")
    for name in dict.fromkeys(name for _, _, name, _ in rows):
        costs = {size: cost for size, _, found, cost in rows if found == name}
        cells = "".join(f"{cost['database_ms']:9.1f}ms{cost['pages']:6}p" for cost in costs.values())
        last = costs[sizes[-1]]
        growth = verdict({size: cost["pages"] for size, cost in costs.items()})
        print(f"{name:22}{cells}{last['statements']:12}{last['cpu_ms']:9.1f}  {growth}", flush=True)


def show_processes(dimension: str, rows: list[list[Any]]) -> None:
    numbers = list(dict.fromkeys(number for number, *_ in rows))
    print(f"\n{dimension:32}" + "".join(f"{number:>10}" for number in numbers))
    for name in dict.fromkeys(name for _, name, _ in rows):
        print(f"{name:32}" + "".join(f"{value:10.2f}" for _, found, value in rows if found == name), flush=True)


def measure(dimension: str, *, quick: bool) -> list[list[Any]]:
    if dimension in SIZES:
        rows = list(grown("inside", dimension, *(QUICK if quick else SIZES)[dimension]))
        show(dimension, rows)
    else:
        numbers, most, few = PROCESSES[dimension]
        rows = list(grown("processes", dimension, few if quick else most, *numbers[: 2 if quick else None]))
        show_processes(dimension, rows)
    return rows


def keep(dimension: str, rows: list[list[Any]]) -> dict[str, Any]:
    """Draw the curves, and return what is kept of all dimensions."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    kept[dimension] = rows
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(kept))
    charts.draw(dimension, rows)
    return dict(kept)


def main() -> None:
    dimensions = [*SIZES, *PROCESSES]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes; draws nothing")
    parser.add_argument("--only", choices=dimensions, help="one dimension")
    options = parser.parse_args()
    kept: dict[str, Any] = {}
    for dimension in [options.only] if options.only else dimensions:
        rows = measure(dimension, quick=options.quick)
        print(load())
        kept = {**kept, dimension: rows} if options.quick else keep(dimension, rows)
    print("\n".join(["", *summary.markdown(kept)]))


if __name__ == "__main__":
    main()
