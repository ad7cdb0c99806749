"""Stock pages with 100,000 products and a million movements: `python bench/stock.py [--products 100000]`.

Uses a scratch PostgreSQL database and a scratch SQLite file and removes them afterwards. One product in fifty is low on
stock. Exits with 1 if a page exceeds its budget.
"""

import argparse
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench.support.report import Report  # noqa: E402
from bench.support.scratch import run_on_scratch  # noqa: E402

ROUNDS = 30
# Median milliseconds. SQLite gets twice PostgreSQL's budget.
BUDGETS = {"production": 50.0, "embedded": 100.0}
INNER = """
import json, random, statistics, sys, time, django
from datetime import timedelta
django.setup()
from django.db import connection
from django.utils import timezone
from shop.stock import selectors as inventory
from shop.models import Product, StockMovement

count, rounds, dice, now = int(sys.argv[1]), int(sys.argv[2]), random.Random(7), timezone.now()
low = lambda n: dice.randint(0, 5) if n % 50 == 0 else dice.randint(6, 500)
Product.objects.bulk_create(
    (Product(sku=f"B-{n}", slug=f"b-{n}", name=f"Lamp {n}", price=100, stock=low(n)) for n in range(count)),
    batch_size=5000,
)
ids = list(Product.objects.values_list("pk", flat=True))
StockMovement.objects.bulk_create(
    (
        StockMovement(
            product_id=dice.choice(ids), quantity=-dice.randint(1, 3), reason="sale", reference=f"B-{n}",
            at=now - timedelta(days=90 * dice.random()),
        )
        for n in range(10 * count)
    ),
    batch_size=10_000,
)
with connection.cursor() as cursor:
    cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")

def measure(ask):
    times = []
    for _round in range(rounds):
        began = time.perf_counter()
        ask()
        times.append((time.perf_counter() - began) * 1000)
    return [statistics.median(times), max(times)]

product = Product.objects.running_low().order_by("pk").first()
facts = lambda: inventory.facts(product=product, movements=inventory.newest_movements(product=product), now=now)
print(json.dumps({
    "low stock, first page": measure(lambda: list(inventory.low_stock(now=now)[:50])),
    "low stock, last page": measure(lambda: list(inventory.low_stock(now=now)[count // 50 - 50 : count // 50])),
    "low stock, count": measure(Product.objects.running_low().count),
    "one product with its movements": measure(facts),
}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    options, report = parser.parse_args(), Report(12, 36, 40, 8)
    for backend, budget in BUDGETS.items():
        measured = run_on_scratch(backend, INNER, options.products, ROUNDS) or {}
        for name, (median, worst) in measured.items():
            figures = f"median {median:7.2f} ms   worst {worst:7.2f} ms"
            report.row(backend, name, figures, f"{budget:g} ms", kept=median <= budget)
    report.exit()


if __name__ == "__main__":
    main()
