"""Database time of every operators' page beside many messages and orders: `python bench/operator_pages.py`.

`--rows 1000000` makes as many messages, orders, payments, parcels and stock movements; `--due 1000000` adds e-mails.
Uses a scratch PostgreSQL database that is removed afterwards, or with `--database URL` one that is filled if it is
empty and kept. Prints each page's statements, median milliseconds inside the database, and slowest statement; exits
with 1 if a page exceeds its budget.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from io import StringIO
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench._operator_rows import fill  # noqa: E402
from bench.desk import scratch  # noqa: E402

BUDGET_MS = 50
#: Also contains what asks the broker, which is not counted.
QUEUES_BUDGET_MS = 300
ROUNDS = 5


#: Address of each list, and queries; the placeholders are rows that exist.
LISTS = {
    "messages": ("messaging/message", [
        "", "p=200", "state__exact=done", "state__exact=pending", "state__exact=sent", "state__exact=dead",
        "queue=payments", "queue=maintenance", "task=operations.count_throughput", "task=orders.send_email",
        "task=payments.compare_payment", "state__exact=done&task=orders.send_email", "q={message.pk}",
        "q={message.subject}", "q=CV-00000", "q=nothing", "o=2", "o=8",
    ]),
    "failed tasks": ("operations/failedtask", [
        "", "p=50", "queue=payments", "age=day", "is=all", "is=discarded", "q={dead.subject}", "q=answer",
    ]),
    "failure groups": ("operations/failuregroup", [""]),
    "bulk retries": ("operations/bulkoperation", [""]),
    "audit log": ("operations/auditentry", [""]),
    "orders": ("orders/order", [
        "", "p=200", "status__exact=placed", "status__exact=delivered", "status__exact=cancelled",
        "shipping_method__exact=express", "source__exact=import", "source__exact=web",
        "status__exact=delivered&source__exact=import", "placed_at__gte=2026-01-01 00:00:00+00:00",
        "q={order.number}", "q={order.number}", "q={order.email}", "q={order.public_id}",
        "q=CV-00000", "q=nobody@example.com", "q=nothing", "o=2", "o=-4",
    ]),
    "payments": ("payments/payment", [
        "", "p=200", "status__exact=pending", "status__exact=failed", "status__exact=captured",
        "q={order.number}", "q={order.email}", "q=ch_nothing",
    ]),
    "refunds": ("payments/refund", ["", "status__exact=pending", "q={order.number}"]),
    "gateway charges": ("payments/gatewaycharge", ["", "q=ch_nothing"]),
    "gateway refunds": ("payments/gatewayrefund", [""]),
    "gateway events": ("payments/gatewayevent", ["", "q=evt_nothing"]),
    "shipments": ("shipping/shipment", [
        "", "p=200", "needs_attention=yes", "status__exact=in_transit", "status__exact=delivered",
        "status__exact=returned", "carrier=Landpost", "q={order.number}", "q={order.email}", "q=SP000000000060",
    ]),
    "carriers' parcels": ("shipping/carrierparcel", ["", "carrier=Landpost", "q=SP000000000060"]),
    "stock movements": ("shop/stockmovement", [
        "", "reason__exact=sale", "reason__exact=correction", "q={order.number}", "q=SKU-1",
    ]),
}  # fmt: skip


def pages() -> dict[str, str]:
    from messaging.models import Message
    from orders.models import Order

    message, dead = Message.objects.order_by("-id")[60], Message.objects.dead().order_by("-finished_at")[10]
    order = Order.objects.order_by("-placed_at")[60]
    known = {"message": message, "dead": dead, "order": order}
    lists = {
        f"{name} ?{query.format(**known)}": f"/admin/{path}/?{query.format(**known)}"
        for name, (path, queries) in LISTS.items()
        for query in queries
    }
    one = f"/admin/orders/order/{order.pk}"
    return lists | {
        "admin index": "/admin/",
        "one message": f"/admin/messaging/message/{message.pk}/change/",
        "one failed task": f"/admin/operations/failedtask/{dead.pk}/change/",
        "one order": f"{one}/change/",
        "one order, passport": f"{one}/passport/",
        "one order, parcels": f"{one}/parcels/",
        "low stock": "/admin/shop/lowstock/",
        "queues": "/admin/operations/queues/",
        "queues, refreshed part": "/admin/operations/queues/live/",
        "API queues": "/api/v1/queues/",
        "API circuits": "/api/v1/circuits/",
        "API failed tasks": "/api/v1/failed-tasks/",
        "API failed tasks, a group": f"/api/v1/failed-tasks/?group={dead.fingerprint}",
        "API failure groups": "/api/v1/failure-groups/",
        "metrics": "/metrics",
    }


def commands() -> dict[str, list[str]]:
    return {"dlq list": ["dlq", "list"], "dlq groups": ["dlq", "groups"], "queue list": ["queue", "list"]}


class Spent:
    """Times each statement, without fetching."""

    def __init__(self) -> None:
        self.statements: list[tuple[float, str]] = []

    def __call__(self, execute: Any, sql: str, *arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, *arguments)
        finally:
            self.statements.append(((time.perf_counter() - began) * 1000, sql))


def measure(request: Callable[[], Any]) -> tuple[float, list[tuple[float, str]]]:
    """Median milliseconds inside the database, and the statements of the median run."""
    from django.db import connection

    runs = []
    for _ in range(ROUNDS + 1):
        spent = Spent()
        with connection.execute_wrapper(spent):
            request()
        runs.append((sum(milliseconds for milliseconds, _sql in spent.statements), spent.statements))
    median = statistics.median_low(total for total, _ in runs[1:])
    return next(run for run in runs[1:] if run[0] == median)


def run(rows: int, due: int, only: str) -> bool:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from knox.models import AuthToken

    from orders.models import Order
    from shop.models import User

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    if not Order.objects.exists():
        began = time.perf_counter()
        with connection.cursor() as cursor:
            fill(cursor, rows=rows, due=due)
        print(f"{rows:,} messages and orders, {due:,} due e-mails, created in {time.perf_counter() - began:.0f} s\n")
    User.objects.filter(username="bench").delete()
    user = User.objects.create_superuser("bench")
    _stored, token = AuthToken.objects.create(user)
    client = Client(headers={"host": "localhost", "authorization": f"Token {token}"})
    client.force_login(user, backend="shop.accounts.authentication.NameOrEmail")
    measured: dict[str, Callable[[], Any]] = {name: lambda url=url: _get(client, url) for name, url in pages().items()}
    measured |= {
        name: lambda words=words: call_command(*words, stdout=StringIO()) for name, words in commands().items()
    }
    print(f"{'page':58}{'database ms':>12}{'statements':>12}  slowest")
    within = [_report(name, request) for name, request in measured.items() if only in name]
    return all(within)


def _get(client: Any, url: str) -> None:
    response = client.get(url, follow=True)
    if response.status_code != 200:
        raise SystemExit(f"{url}: {response.status_code}")
    response.getvalue() if response.streaming else response.content


def _report(name: str, request: Callable[[], Any]) -> bool:
    milliseconds, statements = measure(request)
    budget = QUEUES_BUDGET_MS if name.startswith(("queue", "API queues")) else BUDGET_MS
    slowest, sql = max(statements, default=(0.0, ""))
    over = "" if milliseconds <= budget else f"  over budget: {' '.join(sql.split())[:600]}"
    print(f"{name[:57]:58}{milliseconds:12.1f}{len(statements):12}{slowest:9.1f}{over}", flush=True)
    return not over


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--due", type=int, default=0)
    parser.add_argument("--database", default="", help="URL of a database to use and keep")
    parser.add_argument("--only", default="", help="only pages whose name contains this")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as var, nullcontext(options.database) if options.database else scratch() as url:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "CONVEYOR_VAR": var,
            "DATABASE_URL": url,
            "SECRET_KEY": "bench-only-bench-only-bench-only-bench-only-bench-only",
            "LOG_LEVEL": "ERROR",
            "DEBUG": "0",
            "CONVEYOR_DEMO": "1",
        }
        within = run(options.rows, options.due, options.only)
        from django.db import connections

        connections.close_all()
    sys.exit(0 if within else 1)


if __name__ == "__main__":
    main()
