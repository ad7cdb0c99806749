"""Measures periodic work in slices, without its pauses, beside many orders."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from bench.support.audit_rows import add_orders, stock_shop
from bench.support.in_process import Spent, scratch_shop
from bench.support.report import load

STATEMENT_BUDGET = 1.0
HEADER = f"{'what':40}{'rows':>10}{'s':>9}{'in db':>9}{'stmts':>9}{'slices':>8}{'longest':>9}{'stmt ms':>9}"


@dataclass
class Figures:
    """What a run of slices took: seconds of each, and its statements with their milliseconds."""

    slices: list[float] = field(default_factory=list)
    spent: Spent = field(default_factory=Spent)

    def run(self, step: Callable[[], Any]) -> Any:
        """Run one slice, and return what it returns."""
        from django.db import connection

        began = time.perf_counter()
        with connection.execute_wrapper(self.spent):
            result = step()
        self.slices.append(time.perf_counter() - began)
        return result

    def repeat(self, step: Callable[[], int]) -> int:
        """Run slices that repeat `step` until nothing is left. Returns how many rows were handled."""
        rows = 0
        while True:
            part = unpaused()
            rows += self.run(lambda part=part: part.repeat(step))
            if part.is_done:
                return rows

    def report(self, name: str, *, rows: int, budget: float = float("inf")) -> bool:
        """Print one line, and the longest statement if a budget is exceeded. Returns whether none is."""
        from django.conf import settings

        total, database = sum(self.slices), sum(ms for ms, _ in self.spent.statements) / 1000
        longest, sql = max(self.spent.statements)
        print(
            f"{name:40}{rows:10,}{total:9.2f}{database:9.2f}{len(self.spent.statements):9,}{len(self.slices):8,}"
            f"{max(self.slices):9.2f}{longest:9.0f}",
            flush=True,
        )
        limit = settings.CELERY["task_soft_time_limit"]
        is_within = total <= budget and max(self.slices) <= limit and longest <= 1000 * STATEMENT_BUDGET
        if not is_within:
            print(f"  over budget; the longest statement: {' '.join(sql.split())[:3000]}")
        return is_within


def unpaused() -> Any:
    """A slice of a task that does not pause between its steps."""
    from messaging.models.uuid7 import uuid7
    from messaging.worker.slices import Slice

    class Unpaused(Slice):
        def repeat(self, step: Callable[[], int], *, pause: float = 0) -> int:
            return super().repeat(step, pause=0)

    return Unpaused(SimpleNamespace(name="bench", request=SimpleNamespace(id=str(uuid7()))))  # type: ignore[arg-type]


@contextmanager
def shop_of(options: argparse.Namespace) -> Iterator[int]:
    """Within it, a shop with `options.orders` orders is the default database; gives the highest ID of an order.

    `options.database`: a database that is filled if it is empty, and kept.
    """
    os.environ["CONVEYOR_GATEWAY_LATENCY"] = "0"
    with scratch_shop(options.database):
        yield _filled(options.orders)


def _filled(orders: int) -> int:
    from django.db import connection

    from orders.models import Order

    if not Order.objects.exists():
        began = time.perf_counter()
        stock_shop()
        with connection.cursor() as cursor:
            add_orders(cursor, first=1, last=orders, orders=orders)
            cursor.execute("VACUUM ANALYZE")
        print(f"{orders:,} orders created in {time.perf_counter() - began:.0f} s\n")
    return Order.objects.order_by("-pk").values_list("pk", flat=True)[0]


def ended(within: bool) -> None:
    """Print the machine's load and exit."""
    print(load())
    sys.exit(0 if within else 1)


def arguments(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--database", default="", help="URL of a database to use and keep")
    return parser
