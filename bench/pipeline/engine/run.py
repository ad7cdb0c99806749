"""One run of one contender, in a process of its own: `python -m bench.pipeline.engine.run CONTENDER ORDERS FOLDER`.

Starts the contender's workers, places the orders from 16 threads, waits for the last shipment, and prints the figures
as JSON. `DATABASE_URL` and `BROKER_URL` are empty scratch instances.
"""

import importlib
import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from bench.pipeline import load
from bench.pipeline.results.figures import cpu_of_an_order, percentile
from bench.support import machine
from tests.patience import PATIENCE
from tests.stack.program import Program

WARM_UP = 32
#: By the database's clock, so that it does not matter how often anybody looks.
RATE = """
SELECT count(*), extract(epoch FROM max(shipped_at) - min(placed_at))::float
FROM job_order JOIN job_shipment ON order_id = job_order.id WHERE job_order.id > %s
"""


def main(name: str, orders: int, folder: Path) -> None:
    contender = importlib.import_module(f"bench.pipeline.engine.contenders.{name}")
    _prepare()
    programs = [
        Program(worker, shlex.split(command), env=dict(os.environ), log=folder / f"{worker}.log")
        for worker, command in contender.WORKERS.items()
    ]
    try:
        for program in programs:
            program.start()
        _place(contender, WARM_UP)
        _until_shipped(WARM_UP, programs)
        print(json.dumps(_measure(contender, orders, programs)))
    finally:
        for program in programs:
            program.kill()


def _prepare() -> None:
    from django.core.management import call_command
    from django.db import connection

    from bench.pipeline.engine.job import TABLES

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(TABLES)


def _place(contender: Any, count: int) -> load.Load:
    def work(numbers: range) -> list[float]:
        latencies = []
        for number in numbers:
            began = time.perf_counter()
            contender.checkout(number)
            latencies.append(time.perf_counter() - began)
        return latencies

    return load.in_parallel(work, count)


def _until_shipped(count: int, programs: list[Program], *, after: int = 0) -> float:
    """Wait for `count` shipments of orders with higher ids than `after`. Returns how long they took, in seconds."""
    from django.db import connection

    deadline = time.monotonic() + PATIENCE
    while True:
        with connection.cursor() as cursor:
            cursor.execute(RATE, [after])
            shipped, seconds = cursor.fetchone()
        if shipped >= count:
            return float(seconds)
        if time.monotonic() > deadline:
            tails = "\n".join(f"== {program.name}\n{program.tail(20)}" for program in programs)
            raise SystemExit(f"only {shipped} of {count} orders were shipped\n{tails}")
        time.sleep(0.1)


def _measure(contender: Any, orders: int, programs: list[Program]) -> dict[str, float]:
    # Workers that are the same but for their number are one kind.
    groups = {program.pid: program.name.split("-")[0] for program in programs}
    before, own = machine.cpu_seconds(groups), time.process_time()
    placed = _place(contender, orders)
    used = {"checkout": time.process_time() - own}
    seconds = _until_shipped(orders, programs, after=WARM_UP)
    used |= machine.cpu_seconds(groups, since=before)
    return {
        "shipped": orders / seconds,
        "p50": 1000 * percentile(placed.latencies, 50),
        "p95": 1000 * percentile(placed.latencies, 95),
        **cpu_of_an_order(used, orders),
        **({"confirmed": contender.CONFIRMED * orders / seconds} if hasattr(contender, "CONFIRMED") else {}),
    }


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
