"""Checkout beside busy workers: `python bench/beside_workers.py [--seconds 20] [--connections 16]`.

The real processes on a scratch PostgreSQL database and RabbitMQ. Shoppers check out over `--connections` connections to
the API as fast as it answers. Their orders and a backlog of e-mails keep every worker busy. In turns (ABBA), all
processes go alike, and relay, workers and beat go behind the web, as `config/processes.py` starts them. Prints the
median and the 95th percentile of the checkouts, and how many checkouts and messages were done.
"""

import argparse
import http.client
import json
import os
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench.support.overloaded_shop import Shop  # noqa: E402
from bench.support.report import Report, load, skipping  # noqa: E402
from config import processes  # noqa: E402

BACKLOG = 50_000
TURNS = ("alike", "behind", "behind", "alike")
#: Each program's command line without a nice value.
COMMANDS: dict[str, list[str]] = {}


def check_out(stack: Any, sku: str, *, until: float, seconds: list[float]) -> None:
    """Place one order after another over one connection."""
    from tests.stack.stack import ADDRESS

    body = {"email": "ann@shop.example", "name": "Ann Smith", "address": ADDRESS, "shipping_method": "standard"}
    body |= {"payment_method": "pm_card_visa", "lines": [{"sku": sku, "quantity": 1}]}
    connection = http.client.HTTPConnection("127.0.0.1", stack.port)
    while time.monotonic() < until:
        began = time.perf_counter()
        connection.request("POST", "/api/v1/orders/", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        assert response.status == 201, answer
        seconds.append(time.perf_counter() - began)


def shoppers(stack: Any, *, connections: int, lasting: float) -> list[float]:
    seconds: list[float] = []
    options = {"until": time.monotonic() + lasting, "seconds": seconds}
    products = stack.api("GET", "products/")[1]["results"]  # of one product, orders would wait for each other
    skus = [products[n % len(products)]["sku"] for n in range(connections)]
    threads = [threading.Thread(target=check_out, args=(stack, sku), kwargs=options) for sku in skus]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds


def restart(stack: Any, *, behind: bool) -> None:
    """Start relay, workers and beat again, with the nice values that they have by default or with none."""
    programs = [*stack.relays, *stack.workers, stack.beat]
    for program in programs:
        own = COMMANDS.setdefault(program.name, program.command)
        value = processes.BEHIND_RELAY if program in stack.workers else processes.BEHIND_PAGES
        program.command = ["nice", "-n", str(value if behind else 0), *own]
        program.kill()
        program.start(wait=False)
    for program in programs:
        program.wait_ready()


def done() -> int:
    from messaging.models import Message

    return Message.objects.filter(state="done").count()


def measure(stack: Any, *, connections: int, lasting: float, report: Report) -> None:
    shop = Shop(stack)
    shop.add_emails(BACKLOG, priority=1)
    found: dict[str, list[float]] = {turn: [] for turn in TURNS}
    worked = dict.fromkeys(TURNS, 0)
    for turn in TURNS:
        restart(stack, behind=turn == "behind")
        shoppers(stack, connections=connections, lasting=3)
        before = done()
        found[turn] += shoppers(stack, connections=connections, lasting=lasting)
        worked[turn] += done() - before
        print(f"{turn}: {statistics.median(found[turn]):.3f} s", file=sys.stderr)
    for turn, seconds in found.items():
        median, p95 = (1000 * statistics.quantiles(seconds, n=20)[i] for i in (9, 18))
        rates = f"{len(seconds) / lasting / 2:.0f} checkouts/s, {worked[turn] / lasting / 2:.0f} messages/s"
        report.row(f"{turn}", f"median {median:.0f} ms, p95 {p95:.0f} ms", rates)


def main() -> None:
    from tests.stack.standalone import running

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--threads", type=int, default=0, help="of each of the two web processes (default: theirs)")
    options = parser.parse_args()
    report = Report(10, 34, 40)
    os.environ.pop("DATABASE_URL", None)
    workers = {"payments": 2, "shipping": 1, "notifications,maintenance": 1}
    with skipping(), running("production", workers=workers) as stack:
        web = processes.web(port=stack.port)
        if options.threads:
            web.command[web.command.index("--blocking-threads") + 1] = str(options.threads)
        stack.web.command = web.command
        stack.web.restart()
        measure(stack, connections=options.connections, lasting=options.seconds, report=report)
    print(load())
    report.exit()


if __name__ == "__main__":
    main()
