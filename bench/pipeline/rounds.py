"""Rounds: every contender in turn, with the machine's speed before and after each."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from functools import partial

import pytest

from bench.pipeline import limits, shop
from bench.pipeline.engine import measure as engine
from bench.pipeline.results import figures, page, sections
from bench.pipeline.results.figures import Result
from bench.support import machine
from tests.stack import template

Measure = Callable[..., Result]
#: What each part measures, by the name in tables.
PARTS: dict[str, dict[str, Measure]] = {
    "shop": {publish: partial(shop.measure, publish) for publish in shop.PUBLISH},
    "engine": {label: partial(engine.measure, name) for name, label in engine.CONTENDERS.items()},
    "limits": {sections.LIMIT: limits.measure},
}


class Rounds:
    """Collects the results of all rounds."""

    def __init__(self, parts: list[str], *, orders: int) -> None:
        self.orders = orders
        self.results: dict[str, dict[str, list[Result]]] = {part: {name: [] for name in PARTS[part]} for part in parts}
        self.spins: list[float] = []
        self.loads: list[float] = []

    def run(self, label: str) -> None:
        for part, contenders in self.results.items():
            for name, results in contenders.items():
                results.append(self._measure(f"{label}  {part}: {name}", PARTS[part][name]))

    def _measure(self, label: str, measure: Measure) -> Result:
        before, load, began = machine.spin(), os.getloadavg()[0], time.monotonic()
        result = measure(orders=self.orders)
        after = machine.spin()
        shown = ", ".join(f"{key} {figures.number(value)}" for key, value in result.items() if "cpu " not in key)
        print(
            f"{label}  {time.monotonic() - began:.0f} s, load {load:.1f}, spin {before:.0f} and {after:.0f} ms: {shown}"
        )
        sys.stdout.flush()
        self.spins += [before, after]
        self.loads.append(load)
        return result

    def conditions(self, rounds: int) -> str:
        spins, loads = figures.spread(self.spins), figures.spread(self.loads)
        return (
            f"Rounds: {rounds}, of {self.orders} orders each, on {os.cpu_count()} cores. A fixed loop on all cores took"
            f" {figures.shown(spins)} ms before and after each run; the load average before it was"
            f" {figures.shown(loads)}."
        )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.pipeline", description="The pipeline beside its peers.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--orders", type=int, default=600, help="orders of each run (default: %(default)s)")
    parser.add_argument("--only", default=",".join(PARTS), help="parts to run (default: %(default)s)")
    options = parser.parse_args()
    options.parts = options.only.split(",")
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"--only names {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    if options.rounds < 1 or options.orders < 1:
        parser.error("--rounds and --orders must be at least 1")
    return options


def main() -> None:
    options = arguments()
    rounds = Rounds(options.parts, orders=options.orders)
    try:
        for number in range(1, options.rounds + 1):
            rounds.run(f"round {number}/{options.rounds}")
    except pytest.skip.Exception as reason:
        sys.exit(f"{reason}")
    finally:
        template.remove()
    conditions = rounds.conditions(options.rounds)
    for part in options.parts:
        text, pictures = sections.WRITERS[part](rounds.results)
        print(f"\n{part}\n{text}")
        page.write(part=part, text=f"{conditions}\n\n{text}", pictures=pictures)
    print(f"\n{conditions}\nWritten to {page.PAGE.relative_to(page.PROJECT)}.")
