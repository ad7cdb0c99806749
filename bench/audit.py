"""The periodic audit beside many orders: `python bench/audit.py [--orders 1000000] [--changed 1000]`.

Fills a scratch PostgreSQL database, which is removed afterwards, with consistent orders; then as many more orders as
`--changed` are placed or changed, half of each, for a look to check. At last everything is checked, as at night. Times
contain no pauses. Exits with 1 if a look takes more than 2 s, a slice exceeds the soft time limit, a statement takes
more than 1 s, or a check finds anything. With `--database URL` it uses a database that is filled if it is empty, and
keeps it.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support.audit_rows import add_orders, touch
from bench.support.slices import HEADER, Figures, arguments, ended, shop_of, unpaused

LOOK_BUDGET = 2.0


class Log(logging.Handler):
    """Counts what the audit says that it checked, and keeps what it found."""

    def __init__(self) -> None:
        super().__init__()
        self.checked = 0
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.found.append(record.getMessage())
        elif isinstance(record.args, tuple) and isinstance(record.args[0], int):
            self.checked += record.args[0]


@contextmanager
def logged() -> Iterator[Log]:
    log, handler = logging.getLogger("messaging.invariants.periodic"), Log()
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield handler
    log.removeHandler(handler)


def look(figures: Figures) -> None:
    """One look and its slices."""
    from messaging.invariants import periodic
    from messaging.models import Cursor

    def one(feeds: tuple[str, ...]) -> Any:
        positions, following = periodic.look(feeds=feeds)
        Cursor.write(periodic.CURSOR, positions)
        return following

    following = figures.run(lambda: one(()))
    while following is not None:
        following = figures.run(lambda feeds=following.feeds: one(feeds))


def check_everything(figures: Figures) -> None:
    from messaging.invariants import periodic

    payload: Any = periodic.CheckEverything()
    while payload is not None:
        payload = figures.run(lambda payload=payload: periodic.check_slice(unpaused(), payload))


def change(*, last: int, changed: int) -> None:
    from django.db import connection

    new = last + changed // 2
    with connection.cursor() as cursor:
        touch(cursor, count=changed - changed // 2, last=last)
        add_orders(cursor, first=last + 1, last=new, orders=new)


def measured(name: str, step: Any, budget: float) -> bool:
    figures = Figures()
    with logged() as log:
        step(figures)
    within = figures.report(name, rows=log.checked, budget=budget)
    for found in log.found[:10]:
        print(f"  {found}")
    return within and not log.found


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--changed", type=int, default=1000)
    options = parser.parse_args()
    logging.getLogger("messaging.invariants.periodic").propagate = False
    with shop_of(options) as last:
        for _ in range(2):  # the first takes stock, and a look ends where the one before it ended
            look(Figures())
        print(HEADER)
        quiet = measured("a look, nothing changed", look, LOOK_BUDGET)
        look(Figures())
        change(last=last, changed=options.changed)
        look(Figures())
        busy = measured(f"a look, {options.changed:,} orders changed", look, LOOK_BUDGET)
        whole = measured("the whole audit", check_everything, float("inf"))
    ended(quiet and busy and whole)


if __name__ == "__main__":
    main()
