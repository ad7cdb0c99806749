"""Search, suggestions and category pages with 100,000 products: `python bench/search.py [--products 100000]`.

Uses a scratch PostgreSQL database and a scratch SQLite file and removes them afterwards. Measures the time of a page's
statements, including Django's overhead. Exits with 1 if a page exceeds its budget.
"""

import argparse
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench.support.report import Report  # noqa: E402
from bench.support.scratch import run_on_scratch  # noqa: E402

ROUNDS = 60
MOST_STATEMENTS = 8
# Median milliseconds. SQLite, the embedded default, gets twice PostgreSQL's budget.
BUDGETS = {"production": 5.0, "embedded": 10.0}
BUDGETED = ("search", "search, common word", "suggestions", "category")
INNER = """
import json, statistics, sys, time, django
django.setup()
from bench.support.catalogue_rows import Catalogue
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from shop.catalogue import selectors as catalogue
from shop.catalogue.search import Criteria

count, rounds = int(sys.argv[1]), int(sys.argv[2])
began = time.perf_counter()
rows = Catalogue()
rows.add(range(count))
filled = time.perf_counter() - began
dice, vocabulary, text = rows.dice, rows.vocabulary, rows.text
with connection.cursor() as cursor:
    cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")

class Clock:
    spent = 0.0
    def __call__(self, execute, *arguments):
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            self.spent += time.perf_counter() - began

def measure(ask):
    clock, times = Clock(), []
    for number in range(rounds + 5):
        clock.spent = 0.0
        with connection.execute_wrapper(clock):
            ask(number)
        times.append(clock.spent * 1000)
    times = sorted(times[5:])
    return [statistics.median(times), times[int(len(times) * 0.95)]]

rare = dice.choices(vocabulary[200:], k=rounds + 5)
pairs = [text(2) for _ in range(rounds + 5)]
common = vocabulary[:10]
page = lambda **criteria: list(catalogue.products(criteria=Criteria(**criteria)))
shelf = lambda n: f"shelf-{n % 6}"
times = {
    "search": measure(lambda n: page(search=rare[n])),
    "search, two words": measure(lambda n: page(search=pairs[n])),
    "search, common word": measure(lambda n: page(search=common[n % 10])),
    "search, filtered": measure(lambda n: page(search=rare[n], price_from=1000, price_to=50_000, in_stock=True)),
    "search by price": measure(lambda n: page(search=rare[n], sort="price-up")),
    "common word by price": measure(lambda n: page(search=common[n % 10], sort="price-up")),
    "suggestions": measure(lambda n: catalogue.suggestions(query=rare[n][:4])),
    "suggestions, two letters": measure(lambda n: catalogue.suggestions(query=rare[n][:2])),
    "did you mean": measure(lambda n: catalogue.correction(query=rare[n][1] + rare[n][0] + rare[n][2:])),
    "category": measure(lambda n: page(category=shelf(n))),
    "category, last page": measure(lambda n: list(catalogue.products(criteria=Criteria(category=shelf(n)), page=99))),
    "category by price": measure(lambda n: page(category=shelf(n), sort="price-up", in_stock=True)),
    "category, newest": measure(lambda n: page(category=shelf(n), sort="newest")),
    "all products": measure(lambda n: page()),
}
# Static files are not collected here.
plain = {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
         "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
override_settings(STORAGES=plain).enable()
client, statements = Client(SERVER_NAME="localhost"), {}
for path in ("/", "/categories/shelf-1/?sort=price-up", f"/search/?q={rare[0]}", "/search/?q=xqzzyw",
             f"/search/suggestions/?q={rare[0][:4]}"):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200, path
    statements[path] = len(captured)
print(json.dumps({"filled": filled, "times": times, "statements": statements}))
"""


def show(report: Report, backend: str, measured: dict) -> None:
    print(f"{backend}: filled in {measured['filled']:.0f} s   (milliseconds in the database)")
    for name, (median, p95) in measured["times"].items():
        budget = BUDGETS[backend] if name in BUDGETED else None
        cells = (f"  {name}", f"median {median:7.2f}   p95 {p95:7.2f}", f"{budget:g} ms" if budget else "")
        report.row(*cells, kept=budget is None or median <= budget)
    for path, count in measured["statements"].items():
        report.row(f"  {path}", f"{count} statements", f"{MOST_STATEMENTS}", kept=count <= MOST_STATEMENTS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    options, report = parser.parse_args(), Report(44, 32, 8)
    for backend in BUDGETS:
        measured = run_on_scratch(backend, INNER, options.products, ROUNDS)
        if measured is not None:
            show(report, backend, measured)
    report.exit()


if __name__ == "__main__":
    main()
