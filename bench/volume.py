"""The pipeline under overload: `python bench/volume.py [--rows 100000] [--junk 1000] [--only volume]`.

Real processes on a scratch PostgreSQL database and a RabbitMQ node of their own, removed afterwards. Its parts:
- dead letters: how long new orders wait to be sent while the relay files `--junk` messages that nobody can read;
- wipe: the broker loses its data beside a backlog; how long until a new order is shipped, and until all are;
- starvation: messages of high priority arrive 10 % faster than they are done; how long ones of low priority wait;
- volume: `--rows` e-mails are due; express orders, the relay's memory, the queues page, the depth of each queue.

The depth is what RabbitMQ counts as ready; in flight is what the ledger counts. Exits with 1 if a budget is missed.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench.support.overloaded_shop import PATIENCE, Depths, Shop, memory  # noqa: E402
from bench.support.report import Report, Row, load, skipping  # noqa: E402

VISIBILITY, MAX_WAIT, SMALL_FLIGHT, IN_FLIGHT = 30, 5, 50, 1000
#: The longest time that orders are placed beside dead letters.
DEAD_LETTERS_SECONDS = 30.0
SHIPPED_SECONDS, RELAY_MIB, PAGE_MS = 3.0, 200, 300


class Bench:
    """All parts in sequence on one stack."""

    def __init__(self, stack: Any, *, rows: int, junk: int) -> None:
        self.stack, self.count, self.junk = stack, rows, junk
        self.shop = Shop(stack)

    def dead_letters(self) -> Iterator[Row]:
        from messaging.models import Message

        calm = self.shop.waits(self.shop.orders(10))
        yield "commit to started, calm", f"median {statistics.median(calm):.2f} s, longest {max(calm):.2f} s", "", True
        self.shop.publish_junk(self.junk)
        began = time.perf_counter()
        dead = Message.objects.dead().filter(queue="payments")
        placed: list[Any] = []
        while dead.count() < self.junk and time.perf_counter() - began < DEAD_LETTERS_SECONDS:
            placed += self.shop.orders(1)
            time.sleep(0.1)
        seconds = time.perf_counter() - began
        filed = dead.count()
        yield f"{filed:,} of {self.junk:,} dead letters filed", f"{seconds:.0f} s, {filed / seconds:,.0f}/s", "", True
        waits = self.shop.waits(placed)
        measured = f"median {statistics.median(waits):.2f} s, longest {max(waits):.2f} s of {len(waits)} orders"
        yield "commit to started, meanwhile", measured, "below 1 s", max(waits) < 1

    def wipe(self) -> Iterator[Row]:
        self.stack.worker("notifications").stop()
        self.stack.worker("payments").stop()
        orders = self.shop.orders(20)
        self.shop.add_emails(1_200, priority=1)
        self.shop.until(
            lambda: self.shop.in_flight("notifications") >= IN_FLIGHT * 0.8 and self.shop.in_flight("payments") >= 20
        )
        lost = self.shop.in_flight("notifications") + self.shop.in_flight("payments")
        self.stack.broker.wipe()
        began = time.perf_counter()
        self.stack.worker("notifications").start()
        self.stack.worker("payments").start()
        yield "in flight when the broker lost its data", f"{lost}, and {self.shop.pending():,} waiting", "", True
        yield "a new express order, from then", f"{self.shop.ship():.1f} s", "", True
        self.shop.until(lambda: self.shop.shipped(orders) == len(orders))
        seconds = time.perf_counter() - began
        yield "the orders that were lost", f"{seconds:.0f} s", f"visibility timeout {VISIBILITY} s, and work", True
        self.shop.until(lambda: not self.shop.unfinished())
        yield "all messages", f"{time.perf_counter() - began:.0f} s", "", True

    def starvation(self) -> Iterator[Row]:
        relay = self.stack.relays[0]
        relay.env |= {"CONVEYOR_IN_FLIGHT": str(SMALL_FLIGHT), "CONVEYOR_MAX_WAIT": str(MAX_WAIT)}
        relay.restart()
        self.shop.add_emails(300, priority=9, subject="high")
        low, began = 20, time.perf_counter()
        self.shop.add_emails(low, priority=1, subject="low")
        while self.shop.unfinished(subject="low") and time.perf_counter() - began < PATIENCE:
            done = self.shop.done(subject="high")
            time.sleep(0.5)
            arrived = round((self.shop.done(subject="high") - done) * 1.1) + 1
            self.shop.add_emails(arrived, priority=9, subject="high")
        seconds = time.perf_counter() - began
        rate = self.shop.done(subject="high") / seconds
        waits = self.shop.email_waits("low")
        yield "high priority", f"{rate:.0f}/s done, {self.shop.pending():,} still waiting", "never empty", True
        # Promoted after MAX_WAIT; the last of them after nine times as many others; then behind what is in flight.
        bound = MAX_WAIT + 10 * low / rate + SMALL_FLIGHT / rate + 1
        measured = f"{len(waits)} of {low} done, longest wait {max(waits, default=0):.1f} s"
        yield "low priority", measured, f"all within {bound:.1f} s", len(waits) == low and max(waits) <= bound
        relay.env |= {"CONVEYOR_IN_FLIGHT": str(IN_FLIGHT), "CONVEYOR_MAX_WAIT": "300"}
        relay.restart()

    def volume(self) -> Iterator[Row]:
        from django.db import connection

        began = time.perf_counter()
        self.shop.add_emails(self.count, priority=1)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE messaging_message")
        yield "e-mails due", f"{self.shop.pending():,} after {time.perf_counter() - began:.0f} s", "", True
        depths = Depths(self.stack.broker.url)
        depths.start()
        try:
            yield from self._beside_backlog(depths)
        finally:
            depths.end()

    def _beside_backlog(self, depths: Depths) -> Iterator[Row]:
        self.shop.until(lambda: self.shop.in_flight("notifications") > IN_FLIGHT // 2)
        flights, times = [], []
        for _ in range(10):
            times.append(self.shop.ship())
            flights.append(max(map(self.shop.in_flight, ("payments", "shipping", "notifications"))))
        measured = f"median {statistics.median(times):.2f} s, longest {max(times):.2f} s of {len(times)}"
        yield "an express order, placed to shipped", measured, f"{SHIPPED_SECONDS:g} s", max(times) <= SHIPPED_SECONDS
        pages = self.shop.pages()
        measured = f"median {statistics.median(pages):.0f} ms, longest {max(pages):.0f} ms of {len(pages)}"
        yield "the queues page", measured, f"{PAGE_MS} ms", statistics.median(pages) <= PAGE_MS
        most = max(depths.most.values())
        measured = f"{most} ready of {depths.samples} samples, {max(flights)} in flight"
        yield "most messages of a queue", measured, f"{IN_FLIGHT}", max(most, *flights) <= IN_FLIGHT
        peak, now = memory(self.stack.relays[0].pid)
        yield (
            "the relay's memory",
            f"{now:.0f} MiB proportional, peak {peak:.0f} MiB resident",
            f"{RELAY_MIB} MiB",
            peak <= RELAY_MIB,
        )
        yield "e-mails left", f"{self.shop.pending():,}", "more than none", self.shop.pending() > 0


PARTS = {"dead letters": Bench.dead_letters, "wipe": Bench.wipe, "starvation": Bench.starvation, "volume": Bench.volume}


def run(options: argparse.Namespace, report: Report) -> None:
    from tests.stack.standalone import running

    environment = {
        "CONVEYOR_VISIBILITY": str(VISIBILITY),
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
    }
    with skipping(), running("production", env=environment, own_broker=True) as stack:
        bench = Bench(stack, rows=options.rows, junk=options.junk)
        for name, part in PARTS.items():
            if options.only in name:
                print(f"\n{name} ({load()})")
                for *cells, kept in part(bench):
                    report.row(*cells, kept=kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--junk", type=int, default=1000)
    parser.add_argument("--only", default="", help="only parts whose name contains this")
    report = Report(44, 58, 34)
    run(parser.parse_args(), report)
    report.exit()


if __name__ == "__main__":
    main()
