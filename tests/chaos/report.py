"""Report of chaos runs: the table of docs/explanation/reliability.md, one row for each fault's last run."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.experiment import Fault, Result
from tests.stack.program import PROJECT

PLACE = PROJECT / "docs" / "explanation" / "reliability.md"
BEGIN, END = "<!-- begin of what `make chaos` writes -->", "<!-- end of what `make chaos` writes -->"
HEAD = (
    "fault", "what happens", "backend", "orders", "lost", "doubled", "to decide", "attempts spent",
    "recovered after", "limit", "run",
)  # fmt: skip
Row = Sequence[str]


def row(result: Result, *, seed: int) -> Row:
    verdict, fault = result.verdict, result.fault
    lost = len(verdict.lost) + result.orders - result.accepted
    counts = [result.orders, lost, len(verdict.doubled), verdict.undecided, len(verdict.attempts)]
    run = f"{datetime.now(UTC):%Y-%m-%d}, seed {seed}"
    return [*_about(fault), *map(str, counts), _recovered(result), f"{fault.limit:g} s", run]


def skipped(fault: Fault, reason: str) -> Row:
    return [*_about(fault), f"skipped: {reason}", *[""] * (len(HEAD) - 4)]


def line(result: Result) -> str:
    """Progress on the terminal."""
    verdict = "FAILED" if result.findings else "ok"
    return f"{verdict}, recovered after {_recovered(result)}, {len(result.verdict.attempts)} attempts spent"


def write(rows: Iterable[Row], *, faults: Iterable[Fault], place: Path = PLACE) -> None:
    """Replace the rows of what was run in the table between the markers; those of other faults stay."""
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
