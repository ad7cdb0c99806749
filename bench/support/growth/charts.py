"""The curves of `bench/growth.py` as pictures in docs/images/performance."""

from pathlib import Path
from typing import Any

from bench.support import svg

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "images" / "performance"
AXES = {"orders": "orders kept", "messages": "messages waiting", "products": "products"}
GROUPS = {
    "pages": "Pages of the shop",
    "operators": "Pages of operators",
    "work": "Checkout, tasks and a claim",
}
PROCESSES = {
    "relays": ("Relays that share a backlog", "relays", "messages/s", "ms of CPU for 1,000 messages"),
    "slots": (
        "Payment slots, 0.5 s for each answer of the gateway",
        "payment slots",
        "charges/s",
        "ms of CPU for a charge",
    ),
}


def draw(dimension: str, rows: list[list[Any]]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, picture in _pictures(dimension, rows):
        (FOLDER / f"{name}.svg").write_text(picture)


def _pictures(dimension: str, rows: list[list[Any]]) -> list[tuple[str, str]]:
    if dimension in PROCESSES:
        return _of_processes(dimension, rows)
    found = []
    for group, title in GROUPS.items():
        lines: dict[str, list[tuple[float, float]]] = {}
        for size, its_group, name, cost in rows:
            if its_group == group:
                lines.setdefault(name, []).append((size, cost["pages"]))
        chart = svg.lines(title, lines, x=AXES[dimension], y="8 kB pages read from the database's cache or disk")
        found.append((f"growth-{dimension}-{group}", chart))
    return found


def _of_processes(dimension: str, rows: list[list[Any]]) -> list[tuple[str, str]]:
    title, x, rate, unit = PROCESSES[dimension]
    lines: dict[str, list[tuple[float, float]]] = {}
    for number, name, value in rows:
        lines.setdefault(name.partition(",")[0], []).append((number, value))
    rates = {name: points for name, points in lines.items() if name == rate}
    costs = {name: points for name, points in lines.items() if name != rate}
    return [
        (f"growth-{dimension}-rate", svg.lines(title, rates, x=x, y=rate, log_x=False, log_y=False)),
        (f"growth-{dimension}-cpu", svg.lines(title, costs, x=x, y=unit, log_x=False, log_y=False)),
    ]
