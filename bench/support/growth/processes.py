"""Real processes that share the work: `python -m bench.support.growth.processes relays 20000 1 2 4`.

Prints a line of JSON for each figure: number of relays or of payment slots, what, value.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.support import machine
from bench.support.report import skipping
from bench.support.scratch import consume, fill_ledger

#: A figure: number of processes or slots, what, its value.
Figure = tuple[int, str, float]
PATIENCE = 180.0
GATEWAY_SECONDS = 0.5
#: CPU seconds in a second below which programs count as idle.
QUIET = 0.1


@contextmanager
def shop(**options: Any) -> Iterator[Any]:
    """A stack with a broker of its own, whose database is this process's own, too."""
    from tests.stack.standalone import running

    env = {
        "CONVEYOR_IN_FLIGHT": "100000",
        "CONVEYOR_GATEWAY_LATENCY": str(GATEWAY_SECONDS),
        "CONVEYOR_VISIBILITY": "600",
        "LOG_LEVEL": "ERROR",
    }
    with running("production", web=False, beat=False, own_broker=True, env=env, **options) as stack:
        os.environ.update(stack.env | {"DJANGO_SETTINGS_MODULE": "config.settings"})
        import django
        from django.db import connections

        django.setup()
        yield stack
        connections.close_all()


def relays(numbers: list[int], messages: int) -> Iterator[Figure]:
    """Messages a second, and CPU of 1,000 messages in relays, PostgreSQL and RabbitMQ."""
    with skipping(), shop(relays=max(numbers), workers={}) as stack:
        from django.db import connection, transaction

        from messaging.models import Message

        settle_down(stack.relays)
        for number in numbers:
            for program in stack.relays[number:]:
                program.stop()
            with transaction.atomic(), connection.cursor() as cursor:
                fill_ledger(cursor, rows=messages, state="pending")
                before = cpu(stack)
            wait_for(lambda: not Message.objects.filter(state="pending", subject__startswith="CV-").exists(), stack)
            began, ended = bounds(Message.objects.filter(state="sent"), "sent_at", "sent_at")
            settle_down(stack.relays[:number])
            yield number, "messages/s", messages / (ended - began).total_seconds()
            for kind, seconds in cpu(stack, since=before).items():
                yield number, f"{kind}, ms of CPU", 1e6 * seconds / messages
            consume()
            for program in stack.relays[number:]:
                program.start()
            settle_down(stack.relays)


def slots(numbers: list[int], charges: int) -> Iterator[Figure]:
    """Charges a second, and CPU of a charge in the worker and PostgreSQL; ten charges a slot, at most `charges`."""
    with skipping(), shop(relays=1, workers={}) as stack:
        from messaging.models import Message

        (relay,) = stack.relays
        sku = sellable()
        for number in numbers:
            relay.stop()
            count = min(charges, 10 * number)
            place(sku, count)
            worker = stack.new_worker("payments", number, pool="threads")
            stack.workers.append(worker)
            worker.start()
            settle_down([worker])
            before = cpu(stack)
            relay.start(wait=False)
            open_charges = Message.objects.filter(task="payments.charge_payment").exclude(state="done")
            wait_for(lambda: not open_charges.exists(), stack)  # noqa: B023
            used = cpu(stack, since=before)
            latest = Message.objects.filter(task="payments.charge_payment").order_by("-finished_at")[:count]
            began, ended = bounds(Message.objects.filter(pk__in=latest.values("pk")), "started_at", "finished_at")
            yield number, "charges/s", count / (ended - began).total_seconds()
            for kind in ("payments", machine.POSTGRESQL):
                yield number, f"{kind}, ms of CPU", 1000 * used[kind] / count
            worker.stop()
            stack.workers.remove(worker)


def cpu(stack: Any, *, since: dict[str, float] | None = None) -> dict[str, float]:
    return machine.cpu_seconds(machine.kinds(stack), database=stack.database.name, since=since)


def settle_down(programs: list[Any]) -> None:
    """Wait until `programs` have started and use next to no CPU."""
    kinds = {program.pid: "all" for program in programs}
    used, before = 0.0, -1.0
    while used - before > QUIET:
        time.sleep(1)
        used, before = machine.cpu_seconds(kinds)["all"], used


def wait_for(is_done: Callable[[], bool], stack: Any) -> None:
    began = time.perf_counter()
    while not is_done():
        if time.perf_counter() - began > PATIENCE:
            raise SystemExit(stack.tails(5))
        time.sleep(0.05)


def bounds(rows: Any, first: str, last: str) -> tuple[Any, Any]:
    from django.db.models import Max, Min

    found = rows.aggregate(first=Min(first), last=Max(last))
    return found["first"], found["last"]


def sellable() -> str:
    from shop.models import Product

    Product.objects.update(stock=10**7)
    return Product.objects.listed()[0].sku


def place(sku: str, count: int) -> None:
    from django.test import Client

    from bench.support.growth.subjects import body

    client = Client(SERVER_NAME="localhost")
    for number in range(count):
        answer = client.post("/api/v1/orders/", body(number, sku), content_type="application/json")
        assert answer.status_code == 201, answer.content


def main(dimension: str, most: str, *numbers: str) -> None:
    figures = {"relays": relays, "slots": slots}[dimension]
    for figure in figures([int(number) for number in numbers], int(most)):
        print(json.dumps(figure), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
