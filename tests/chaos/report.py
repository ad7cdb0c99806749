"""Report of chaos runs: the table of docs/explanation/reliability.md, a row for each fault's last run of seeds."""

import fcntl
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

from tests.chaos.experiment import Fault, Result
from tests.stack.program import PROJECT

PLACE = PROJECT / "docs" / "explanation" / "reliability.md"
BEGIN, END = "<!-- begin of what `make chaos` writes -->", "<!-- end of what `make chaos` writes -->"
HEAD = (
    "fault", "what happens", "backend", "orders", "lost", "doubled", "to decide", "attempts spent",
    "recovered after", "limit", "run", "passed in a row",
)  # fmt: skip
Row = Sequence[str]


def row(results: Sequence[Result]) -> Row:
    """One fault's results of a run, a seed each: sums, and the longest time."""
    fault, verdicts = results[0].fault, [result.verdict for result in results]
    counts = [
        sum(result.orders for result in results),
        sum(len(result.verdict.lost) + result.orders - result.accepted for result in results),
        sum(len(verdict.doubled) for verdict in verdicts),
        sum(verdict.undecided for verdict in verdicts),
        sum(len(verdict.attempts) for verdict in verdicts),
    ]
    slowest = max(results, key=lambda result: math.inf if result.seconds is None else result.seconds)
    run = f"{datetime.now(UTC):%Y-%m-%d}, {_seeds(results)}"
    return [*_about(fault), *map(str, counts), _recovered(slowest), f"{fault.limit:g} s", run, str(in_a_row(results))]


def in_a_row(results: Sequence[Result]) -> int:
    """How many of the last results have no findings."""
    return len(list(takewhile(lambda result: not result.findings, reversed(results))))


def _seeds(results: Sequence[Result]) -> str:
    first, last = results[0].seed, results[-1].seed
    return f"seed {first}" if first == last else f"seeds {first} to {last}"


def skipped(fault: Fault, reason: str) -> Row:
    return [*_about(fault), f"skipped: {reason}", *[""] * (len(HEAD) - 4)]


def line(result: Result) -> str:
    """Progress on the terminal."""
    verdict = "FAILED" if result.findings else "ok"
    spent = len(result.verdict.attempts)
    return f"{verdict}, recovered after {_recovered(result)}, {spent} attempts spent, took {result.took:.0f} s"


def write(rows: Iterable[Row], *, faults: Iterable[Fault], place: Path = PLACE) -> None:
    """Replace the rows of what was run in the table between the markers; those of other faults stay."""
    with place.open() as held:  # several runs may write it at a time
        fcntl.flock(held, fcntl.LOCK_EX)
        _write(rows, faults, place)


def _write(rows: Iterable[Row], faults: Iterable[Fault], place: Path) -> None:
    before, _, rest = place.read_text().partition(BEGIN)
    table, _, after = rest.partition(END)
    known = [_cells(text) for text in table.splitlines() if text.startswith("| ")][2:]
    latest = {tuple(cells[:3]): cells for cells in [*known, *rows]}
    kept = [latest[key] for fault in faults if (key := tuple(_about(fault))) in latest]
    lines = [_text(HEAD), _text(["---"] * len(HEAD)), *map(_text, kept)]
    place.write_text("\n".join([before + BEGIN, *lines, END + after]))


def _recovered(result: Result) -> str:
    return "not in time" if result.seconds is None else f"{result.seconds:.0f} s"


def _about(fault: Fault) -> list[str]:
    return [fault.name, fault.does, fault.ground.label]


def _text(cells: Row) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(text: str) -> Row:
    return [cell.strip() for cell in text.strip().strip("|").split("|")]
