"""What each part shows: its table and its pictures."""

from collections.abc import Mapping

from bench.pipeline.results import figures
from bench.pipeline.results.bars import bars
from bench.pipeline.results.figures import Results
from bench.pipeline.results.page import link

Pictures = dict[str, str]
#: The results of each part that was run.
Run = Mapping[str, Results]

SHOP = {
    "shipped": "placed and shipped/s",
    "lost": "orders lost",
    "p50": "checkout p50, ms",
    "p95": "checkout p95, ms",
    "accepted": "accepted/s, no workers",
    "accepted p95": "their p95, ms",
    "cpu": "CPU of an order, ms",
    "messages": "messages of an order",
}
ENGINE = {
    "shipped": "placed and shipped/s",
    "p50": "checkout p50, ms",
    "p95": "checkout p95, ms",
    "cpu": "CPU of an order, ms",
}
LIMITS = {
    "commits": "raw commits of the job's three transactions, orders/s",
    "publishes": "confirmed publishes, messages/s",
    "views": "a view that does nothing, requests/s",
}
#: What is compared with each limit: a figure of each contender of a part.
REACHED = {
    "commits": [("engine", "shipped")],
    "publishes": [("engine", "confirmed"), ("shop", "confirmed")],
    "views": [("shop", "accepted")],
}
LIMIT = "limit"
OURS = "Conveyor's engine"


def shop(run: Run) -> tuple[str, Pictures]:
    results = run["shop"]
    kinds = {figure: figure.removeprefix("cpu ") for figure in _named(results) if figure.startswith("cpu ")}
    text = [
        figures.table(results, SHOP, compared={"shipped": "shipped, ratio", "accepted": "accepted, ratio"}),
        "CPU of an order by kind of process, ms:",
        figures.table(results, kinds, compared={}),
    ]
    return _with_pictures(text, results, part="shop", own="ledger")


def engine(run: Run) -> tuple[str, Pictures]:
    results = run["engine"]
    text = [figures.table(results, ENGINE, compared={"shipped": "shipped, ratio"})]
    return _with_pictures(text, results, part="engine", own=OURS)


def limits(run: Run) -> tuple[str, Pictures]:
    """Each limit, and the share of it that a part of the same run has reached."""
    rows = [
        [name, figures.shown(figures.of(run["limits"], LIMIT, limit)), "; ".join(_reached(run, limit)) or "–"]
        for limit, name in LIMITS.items()
    ]
    return figures.markdown(["limit", "measured", "share reached"], rows), {}


def _reached(run: Run, limit: str) -> list[str]:
    shares = []
    for part, figure in REACHED[limit]:
        for contender, results in run.get(part, {}).items():
            both = {LIMIT: run["limits"][LIMIT], contender: results}
            if share := figures.ratios(both, contender, LIMIT, figure, limit):
                shares.append(f"{contender} {figures.number(100 * share.median)} %")
    return shares


def _with_pictures(text: list[str], results: Results, *, part: str, own: str) -> tuple[str, Pictures]:
    """Add a chart of the rate, and one of the CPU of an order."""
    charts = {
        f"{part}-rate": ("Orders placed and shipped", "orders/s, more is better", "shipped"),
        f"{part}-cpu": ("CPU of the whole machine for an order", "ms, less is better", "cpu"),
    }
    pictures = {}
    for name, (title, unit, figure) in charts.items():
        rows = {each: found for each in results if (found := figures.of(results, each, figure))}
        pictures[name] = bars(title, unit=unit, rows=rows, own=own)
        text.append(link(name, title))
    return "\n\n".join(text), pictures


def _named(results: Results) -> list[str]:
    """All figures of the contenders, in the order in which they first appear."""
    return list(dict.fromkeys(figure for rounds in results.values() for result in rounds for figure in result))


WRITERS = {"shop": shop, "engine": engine, "limits": limits}
