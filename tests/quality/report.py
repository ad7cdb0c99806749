"""Audit report: tables in docs/explanation/quality.md."""

from collections.abc import Iterable, Mapping, Sequence

from tests.quality.inspection import Inspection
from tests.quality.lighthouse import CATEGORIES, Scores
from tests.quality.pages import Example
from tests.stack.program import PROJECT

PLACE = PROJECT / "docs" / "explanation" / "quality.md"
_BEGIN, _END = "<!-- begin of what `make audit-pages` writes -->", "<!-- end of what `make audit-pages` writes -->"


def write(lines: Iterable[str]) -> None:
    """Replace the text between the markers."""
    before, _, rest = PLACE.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    PLACE.write_text("\n".join([before + _BEGIN, *lines, _END + after]))


def render(
    *,
    heading: str,
    scores: Mapping[Example, Scores],
    inspections: Sequence[Inspection],
    findings: Sequence[str],
) -> list[str]:
    verdict = (
        [f"{len(findings)} findings:", "", *(f"- {finding}" for finding in findings)] if findings else ["No findings."]
    )
    return [heading, "", *verdict, "", *_score_table(scores), "", *_inspection_table(inspections)]


def _score_table(scores: Mapping[Example, Scores]) -> list[str]:
    head = ["page", "performance (median of runs)", *CATEGORIES[1:], "layout shift", "transfer"]
    rows = [[page.title, *_cells(page, rated)] for page, rated in scores.items()]
    return ["### Lighthouse, mobile", "", *_table(head, rows)]


def _cells(page: Example, rated: Scores) -> list[str]:
    performance = f"{rated.of[CATEGORIES[0]]} ({', '.join(map(str, rated.runs))})"
    rest = [str(rated.of[name]) if name != "seo" or page.indexed else "not indexed" for name in CATEGORIES[1:]]
    return [performance, *rest, f"{rated.shift:.3f}", _kilobytes(rated.transfer)]


def _inspection_table(inspections: Sequence[Inspection]) -> list[str]:
    head = ["page", "findings", "layout shift", "transfer"]
    rows = [
        [done.example.title, str(len(done.findings) or "none"), f"{done.shift:.3f}", _kilobytes(done.transfer)]
        for done in inspections
    ]
    return ["### Every page, in light and dark, at 1280, 390 and 320 px (desk: 360 px)", "", *_table(head, rows)]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _kilobytes(count: int) -> str:
    return f"{count / 1000:.0f} kB"
