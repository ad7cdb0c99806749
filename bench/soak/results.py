"""What a soak leaves behind: pictures and a table of each figure's growth."""

from collections.abc import Mapping
from pathlib import Path

from bench.pipeline.results.figures import markdown, number
from bench.soak.figures import FIGURES
from bench.soak.judge import Series, Verdict, thinned, verdict
from bench.support import svg

TABLE = "index.md"
#: As many as have a look of their own.
MOST_LINES = 2 * len(svg.COLORS)

#: Series by figure and name.
Run = Mapping[str, Mapping[str, Series]]
Verdicts = Mapping[tuple[str, str], Verdict]


def verdicts(run: Run) -> dict[tuple[str, str], Verdict]:
    found = {
        (figure, name): verdict(each, FIGURES[figure].bound) for figure in run for name, each in run[figure].items()
    }
    return {key: each for key, each in found.items() if each is not None}


def pictures(run: Run) -> dict[str, str]:
    """SVG by file name, of the largest lines that were ever anything else than at the start."""
    drawn = {}
    for figure, series in run.items():
        moved = {name: each for name, each in series.items() if len({value for _, value in each}) > 1}
        largest = sorted(moved, key=lambda name: max(value for _, value in moved[name]), reverse=True)[:MOST_LINES]
        lines = {name: [(at / 60, value) for at, value in thinned(moved[name])] for name in largest}
        if lines:
            about = FIGURES[figure]
            drawn[figure] = svg.lines(about.title, lines, x="minutes", y=about.unit, log_x=False, log_y=about.is_log)
    return drawn


def table(judged: Verdicts) -> str:
    """A row for each series that was ever anything else than zero."""
    rows = [
        [
            f"{FIGURES[figure].title.lower()}: {name}, {FIGURES[figure].unit}",
            *(number(round(value, 2)) for value in (each.first, each.last, each.growth, each.allowed)),
            "**grown**" if each.has_grown else "no",
        ]
        for (figure, name), each in judged.items()
        if each.first or each.last
    ]
    return markdown(["", "first third", "last third", "trend", "allowed", "grown"], rows)


def write(folder: Path, run: Run, *, about: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    drawn = pictures(run)
    for name, picture in drawn.items():
        (folder / f"{name}.svg").write_text(picture)
    links = "\n".join(f"![{FIGURES[name].title}]({name}.svg)" for name in drawn)
    (folder / TABLE).write_text(f"# A soak\n{about}\n\n{table(verdicts(run))}\n\n{links}\n")
