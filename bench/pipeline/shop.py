"""The shop itself, its real processes, with each value of `CONVEYOR_PUBLISH`: what safety costs on the same work."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bench.pipeline import load
from bench.pipeline.results.figures import Result, cpu_of_an_order, percentile
from bench.support import machine
from config import processes
from tests.stack import Stack
from tests.stack.standalone import NoBlocker

PUBLISH = ("ledger", "on_commit", "naive")
SLOTS = 16
GATEWAY_SECONDS = 0.05
WARM_UP = 32
#: Seconds without progress after which the orders that are left count as lost.
STALLED = 10.0
ENVIRONMENT = {
    "CONVEYOR_GATEWAY_LATENCY": str(GATEWAY_SECONDS),
    # Tracking comes hours later, so that no round does more of it than another.
    "CONVEYOR_TRANSIT_SECONDS": "36000",
    # The scratch databases of tests do not wait for the disk; a shop does.
    "PGOPTIONS": "-c synchronous_commit=on",
}
PROGRESS = """
SELECT (SELECT count(*) FROM orders_order WHERE status IN ('shipped', 'delivered')),
    (SELECT count(*) FROM orders_emaildelivery WHERE state = 'sent'),
    (SELECT count(*) FROM payments_payment WHERE status = 'captured')
"""
EMAILS = 2


class Shop:
    """A running stack, and its database."""

    def __init__(self, stack: Stack, database: "psycopg.Connection[tuple[int, ...]]") -> None:
        self.stack, self._database = stack, database
        _, page = stack.api("GET", "products/")
        self.skus = [product["sku"] for product in page["results"]]
        database.execute("UPDATE shop_product SET stock = 1000000")

    def place(self, count: int) -> load.Load:
        return load.place_orders(self.stack.port, self.skus, count)

    def progress(self) -> tuple[int, ...]:
        """Orders that are shipped, e-mails that are sent, payments that are captured."""
        return self._database.execute(PROGRESS).fetchone() or (0, 0, 0)

    def settle(self, count: int) -> tuple[int, float]:
        """Wait until `count` orders are shipped, e-mailed and captured, or nothing moves any more.

        Returns how many are shipped, and when the last one was (`time.perf_counter()`).
        """
        seen: tuple[int, ...] = (0, 0, 0)
        shipped_at = time.perf_counter()
        moved_at = shipped_at
        while seen < (count, EMAILS * count, count) and time.perf_counter() - moved_at < STALLED:
            now = self.progress()
            if now != seen:
                moved_at = time.perf_counter()
                shipped_at = moved_at if now[0] != seen[0] else shipped_at
                seen = now
            time.sleep(0.1)  # counting takes PostgreSQL's CPU, which is measured
        return seen[0], shipped_at

    def cpu(self, *, since: dict[str, float] | None = None) -> dict[str, float]:
        return machine.cpu_seconds(machine.kinds(self.stack), since=since)

    def messages(self) -> int:
        (count,) = self._database.execute("SELECT count(*) FROM messaging_message").fetchone() or (0,)
        return count


@contextmanager
def running(publish: str, *, pool: str = "prefork", **variables: str) -> Iterator[Shop]:
    """The shop with two web processes, 16 payment slots, and workers beside them, nice as `make run` starts them.

    `pool` is Celery's for shipping and notifications.
    """
    environment = ENVIRONMENT | {"CONVEYOR_PUBLISH": publish} | variables
    relays = 1 if publish == "ledger" else 0
    stack = Stack("production", blocker=NoBlocker(), env=environment, relays=relays, workers={}, beat=False, web=2)
    try:
        stack.workers = [
            stack.new_worker("payments", SLOTS, pool="threads"),
            stack.new_worker("shipping", 2, pool=pool),
            stack.new_worker("notifications,maintenance", 1, pool=pool),
        ]
        for program in stack.workers:
            program.command = ["nice", "-n", str(processes.BEHIND_RELAY), *program.command]
        for program in stack.relays:
            program.command = ["nice", "-n", str(processes.BEHIND_PAGES), *program.command]
        stack.start()
        with psycopg.connect(stack.database.url, autocommit=True) as database:
            shop = Shop(stack, database)
            shop.place(WARM_UP)
            shop.settle(WARM_UP)
            yield shop
    finally:
        stack.remove()


def measure(publish: str, *, orders: int, pool: str = "prefork", **variables: str) -> Result:
    """Place orders while workers work and wait for the last one; then place as many with no worker running."""
    with running(publish, pool=pool, **variables) as shop:
        before, *_ = shop.progress()
        cpu, began = shop.cpu(), time.perf_counter()
        placed = shop.place(orders)
        total, shipped_at = shop.settle(before + orders)
        used = shop.cpu(since=cpu)
        messages = shop.messages() / (WARM_UP + orders)
        for program in (*shop.stack.workers, *shop.stack.relays):
            program.kill()
        alone = shop.place(orders)
    shipped = total - before
    assert shipped, f"no order was shipped\n{shop.stack.tails(20)}"
    rate = shipped / (shipped_at - began)
    return {
        "shipped": rate,
        "lost": float(orders - shipped),
        "p50": 1000 * percentile(placed.latencies, 50),
        "p95": 1000 * percentile(placed.latencies, 95),
        "accepted": alone.rate,
        "accepted p95": 1000 * percentile(alone.latencies, 95),
        **cpu_of_an_order(used, shipped),
        **({"messages": messages, "confirmed": messages * rate} if publish == "ledger" else {}),
    }
