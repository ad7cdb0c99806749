"""Database time of every operators' page beside many messages and orders: `python bench/operations/operator_pages.py`.

`--rows 1000000` makes as many messages, orders, payments, parcels and stock movements; `--due 1000000` adds e-mails.
Uses a scratch PostgreSQL database that is removed afterwards, or with `--database URL` one that is filled if it is
empty and kept. Prints each page's statements, median milliseconds inside the database, and slowest statement; exits
with 1 if a page exceeds its budget.
"""

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from bench.support.in_process import BUDGET, get, measure, operator, scratch_shop  # noqa: E402
from bench.support.operator_rows import fill  # noqa: E402
from bench.support.report import Report, skipping  # noqa: E402

#: Also contains what asks the broker, which is not counted.
QUEUES_BUDGET = 300
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


def fill_if_empty(rows: int, due: int) -> None:
    from django.db import connection

    from orders.models import Order

    if Order.objects.exists():
        return
    began = time.perf_counter()
    with connection.cursor() as cursor:
        fill(cursor, rows=rows, due=due)
    print(f"{rows:,} messages and orders, {due:,} due e-mails, created in {time.perf_counter() - began:.0f} s\n")


def requests() -> dict[str, Callable[[], Any]]:
    from django.core.management import call_command

    client = operator()
    return {name: partial(get, client, url) for name, url in pages().items()} | {
        name: partial(call_command, *words, stdout=StringIO()) for name, words in commands().items()
    }


def show(report: Report, name: str, request: Callable[[], Any]) -> None:
    milliseconds, statements = measure(request, rounds=ROUNDS)
    kept = milliseconds <= (QUEUES_BUDGET if name.startswith(("queue", "API queues")) else BUDGET)
    slowest, sql = max(statements, default=(0.0, ""))
    report.row(name[:57], f"{milliseconds:12.1f}", f"{len(statements):12}", f"{slowest:9.1f}", kept=kept)
    if not kept:
        print(" ".join(sql.split())[:600])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--due", type=int, default=0)
    parser.add_argument("--database", default="", help="URL of a database to use and keep")
    parser.add_argument("--only", default="", help="only pages whose name contains this")
    options, report = parser.parse_args(), Report(58, 12, 12, 9)
    with skipping(), scratch_shop(options.database):
        fill_if_empty(options.rows, options.due)
        report.row("page", f"{'database ms':>12}", f"{'statements':>12}", f"{'slowest':>9}")
        for name, request in requests().items():
            if options.only in name:
                show(report, name, request)
    report.exit()


if __name__ == "__main__":
    main()
