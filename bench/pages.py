"""The storefront under load: `python bench/pages.py [--seconds 5]`.

The web server of `make run` on a scratch PostgreSQL database with the demo shop; 16 connections ask for gzip and carry
no cookies, as first visits do. Each page is measured right after a trivial view. The budget of requests is kept on a
busy machine, too, if the page is as fast beside the trivial view as 500 are beside the 5,900 of an idle machine. CPU is
that of the web server's processes for a request. Exits with 1 if a page misses its budget.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support import machine
from bench.support.http_load import CONNECTIONS, Figures, under_load
from bench.support.report import Report, load, skipping

#: Requests a second, their share of the trivial view's, and milliseconds.
LEAST, SHARE, P99 = 500, 500 / 5900, 100
#: It passes every middleware, which the probes do not.
TRIVIAL = ["/robots.txt"]
BUDGETED = ("home", "product", "search")


def pages() -> Iterator[tuple[str, list[str]]]:
    products = ["aurora-headphones", "studio-guitar", "field-camera"]
    yield "home", ["/"]
    yield "category", ["/categories/sound/"]
    yield "product", [f"/products/{slug}/" for slug in products]
    yield "search", [f"/search/?q={word}" for word in ("lamp", "guitar", "camera", "tea")]
    yield "API product list", ["/api/v1/products/"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    options, report = parser.parse_args(), Report(18, 12, 9, 8, 10, 10, 8, 7, 16)
    from tests.stack.standalone import running

    with skipping(), running("production", relays=0, workers={}, beat=False, web=2, env={"LOG_LEVEL": "ERROR"}) as shop:
        print(f"{CONNECTIONS} connections, {load()}")
        report.row("page", "requests/s", "trivial", "ratio", "p50 ms", "p99 ms", "CPU ms", "KB", "budget")
        groups = {shop.web.pid: "web"}
        for name, paths in pages():
            trivial = under_load(shop.port, TRIVIAL, seconds=options.seconds / 2)
            before = machine.cpu_seconds(groups)
            found = under_load(shop.port, paths, seconds=options.seconds)
            used = machine.cpu_seconds(groups, since=before)["web"]
            show(report, name, found, trivial.rate, cpu=used / found.requests)
    report.exit()


def show(report: Report, name: str, found: Figures, trivial: float, *, cpu: float) -> None:
    has_budget, is_fast = name in BUDGETED, found.rate >= LEAST or found.rate >= SHARE * trivial
    report.row(
        name,
        f"{found.rate:,.0f}",
        f"{trivial:,.0f}",
        f"{found.rate / trivial:.3f}",
        f"{found.p50:.1f}",
        f"{found.p99:.1f}",
        f"{cpu * 1000:.2f}",
        f"{found.kilobytes:.1f}",
        f"{LEAST}/s, {P99} ms" if has_budget else "",
        kept=not has_budget or (is_fast and found.p99 <= P99),
    )


if __name__ == "__main__":
    main()
