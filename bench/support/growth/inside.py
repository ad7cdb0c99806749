"""Measures growth in one dimension on a scratch database: `python -m bench.support.growth.inside orders 1000 10000`.

Prints a line of JSON for each figure: size, group, name, cost.
"""

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.support.audit_rows import add_orders, stock_shop
from bench.support.catalogue_rows import Catalogue
from bench.support.growth.subjects import Subjects
from bench.support.in_process import scratch_shop
from bench.support.report import load, skipping
from bench.support.scratch import fill_ledger

FEW_ORDERS = 1000
STOCK = 10**7
#: One product in this many runs low.
LOW = 50
NO_AUTOVACUUM = """
SELECT format('ALTER TABLE %I SET (autovacuum_enabled = false)', relname)
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


class Orders:
    """Ever more orders, with what belongs to them; half of them bought the first product."""

    def __init__(self) -> None:
        stock_shop()

    def subjects(self) -> Subjects:
        return Subjects(words={"search": "lamp"}, slug="sku-1", category="shelf")

    def grow(self, cursor: Any, before: int, size: int) -> None:
        add_orders(cursor, first=before + 1, last=size, orders=size)
        # The numbers of rows that were inserted with their ids.
        for table in ("orders_order", "payments_gatewaycharge"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id) + 1000000) FROM {table}")  # noqa: S608


class Messages(Orders):
    """Ever more due messages beside a few orders: a tenth is urgent, the rest low, spread over three queues."""

    def __init__(self) -> None:
        super().__init__()
        _cursor(lambda cursor: super(Messages, self).grow(cursor, 0, FEW_ORDERS))

    def grow(self, cursor: Any, before: int, size: int) -> None:
        if size > before:
            fill_ledger(cursor, rows=size - before, state="pending")


class Products:
    """Ever more products, of which one in fifty runs low, beside a few orders."""

    def __init__(self) -> None:
        self._rows = Catalogue(stock=STOCK)

    def subjects(self) -> Subjects:
        words = {"search, rare word": self._rows.vocabulary[3000], "search, common word": self._rows.vocabulary[0]}
        return Subjects(words=words, slug="b-1", category="shelf-1")

    def grow(self, cursor: Any, before: int, size: int) -> None:
        from shop.models import Product, StockMovement

        self._rows.add(range(before, size))
        new = Product.objects.filter(movements=None).only("pk")
        StockMovement.objects.bulk_create(
            [StockMovement(product=product, quantity=STOCK, reason="restock") for product in new], batch_size=5000
        )
        Product.objects.filter(position__in=range(before + LOW - 1, size, LOW)).update(stock=3)
        if not before:
            Orders.grow(self, cursor, 0, FEW_ORDERS)  # type: ignore[arg-type]


DIMENSIONS: dict[str, Callable[[], Any]] = {"orders": Orders, "messages": Messages, "products": Products}


def _cursor(use: Callable[[Any], None]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        use(cursor)


def prepare(cursor: Any) -> None:
    """Only the measured calls may touch pages of this database."""
    cursor.execute(NO_AUTOVACUUM)
    for (statement,) in cursor.fetchall():
        cursor.execute(statement)


def run(dimension: str, sizes: list[int]) -> None:
    shop, before = DIMENSIONS[dimension](), 0
    _cursor(prepare)
    subjects = None
    for size in sizes:
        began = time.perf_counter()
        _cursor(lambda cursor: shop.grow(cursor, before, size))  # noqa: B023
        before = size
        if subjects is None:  # the tables that the first requests fill must not be empty when statistics are made
            subjects = shop.subjects()
            list(subjects.measure())
        _cursor(lambda cursor: cursor.execute("VACUUM ANALYZE"))
        filled = time.perf_counter() - began
        for group, name, cost in subjects.measure():
            print(json.dumps([size, group, name, dataclasses.asdict(cost)]), flush=True)
        seconds = time.perf_counter() - began - filled
        print(
            f"{size:,} {dimension}: filled in {filled:.0f} s, measured in {seconds:.0f} s ({load()})", file=sys.stderr
        )


def main(dimension: str, *sizes: str) -> None:
    os.environ["CONVEYOR_GATEWAY_LATENCY"] = "0"
    with skipping(), scratch_shop():
        run(dimension, [int(size) for size in sizes])


if __name__ == "__main__":
    main(*sys.argv[1:])
