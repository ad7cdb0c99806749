"""The running shop under a steady load of orders, for `bench/capacity.py`: what it used and how long it took."""

import os
import random
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.support import machine

SLOTS = {"payments": 3, "shipping": 2, "notifications": 1}
CONNECTIONS = 16
PATIENCE = 120.0
TASKS = """
SELECT task, queue, count(*), avg(took)::float, coalesce(variance(took) / avg(took) ^ 2, 0)::float, avg(waited)::float
FROM (
    SELECT task, queue, extract(epoch FROM finished_at - started_at) AS took,
        extract(epoch FROM started_at - greatest(available_at, created_at)) AS waited
    FROM messaging_message WHERE subject = ANY(%s) AND state = 'done'
) AS done GROUP BY task, queue
"""


@dataclass(frozen=True)
class Task:
    """One kind of message: how many an order caused, mean seconds from its start to its end, their variance by their
    squared mean, and mean seconds from the commit to the start."""

    queue: str
    per_order: float
    seconds: float
    variation: float
    wait: float


@dataclass(frozen=True)
class Run:
    """One load: orders a second, CPU seconds of an order by process, mean seconds of a checkout, its messages."""

    rate: float
    cpu: dict[str, float]
    request: float
    tasks: dict[str, Task]

    def wait(self, queue: str) -> float:
        tasks = [task for task in self.tasks.values() if task.queue == queue]
        return sum(task.per_order * task.wait for task in tasks) / sum(task.per_order for task in tasks)

    @property
    def messages(self) -> float:
        return sum(task.per_order for task in self.tasks.values())


@contextmanager
def paced_shop() -> Iterator["PacedShop"]:
    """One web process and relay, the slots of `SLOTS`, a broker of its own, on scratch databases."""
    from tests.stack.standalone import running

    env = {
        "CONVEYOR_GATEWAY_LATENCY": "0.2",
        "CONVEYOR_VISIBILITY": "600",
        "LOG_LEVEL": "WARNING",
    }
    with running("production", own_broker=True, beat=False, workers=SLOTS, env=env) as stack:
        yield PacedShop(stack)


class PacedShop:
    """A stack, and its database as this process's own."""

    def __init__(self, stack: Any) -> None:
        self.stack, self._dice = stack, random.Random(11)
        os.environ.update(stack.env | {"DJANGO_SETTINGS_MODULE": "config.settings"})
        import django

        django.setup()
        from shop.models import Product

        Product.objects.update(stock=10**7)
        self._skus = list(Product.objects.listed().values_list("sku", flat=True)[:50])

    def idle(self, *, seconds: float) -> dict[str, float]:
        """CPU seconds that each process uses in a second without orders."""
        before = self._cpu()
        time.sleep(seconds)
        return {kind: used / seconds for kind, used in self._cpu(since=before).items()}

    def run(self, *, rate: float, seconds: float, idle: Mapping[str, float]) -> Run:
        """Orders at random moments, `rate` a second; waits until all is done. The idle CPU is subtracted."""
        before, began = self._cpu(), time.perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            pending = []
            at = began
            while (at := at + self._dice.expovariate(rate)) < began + seconds:
                time.sleep(max(0.0, at - time.perf_counter()))
                pending.append(pool.submit(self._place))
            placed = [future.result() for future in pending]
        lasted = time.perf_counter() - began
        numbers = [number for number, _ in placed]
        self._wait(numbers)
        elapsed = time.perf_counter() - began
        used = self._cpu(since=before)
        cpu = {kind: max(0.0, used[kind] - elapsed * idle.get(kind, 0.0)) / len(placed) for kind in used}
        return Run(len(placed) / lasted, cpu, sum(took for _, took in placed) / len(placed), self._tasks(numbers))

    def message_bytes(self) -> float:
        """Bytes of a message, indexes included."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_total_relation_size('messaging_message'), count(*) FROM messaging_message")
            size, count = cursor.fetchone()
        return float(size / count)

    def _place(self) -> tuple[str, float]:
        began = time.perf_counter()
        order = self.stack.order(lines=[{"sku": self._dice.choice(self._skus), "quantity": 1}])
        return str(order["number"]), time.perf_counter() - began

    def _wait(self, numbers: list[str]) -> None:
        from messaging.models import Message

        deadline = time.perf_counter() + PATIENCE
        while Message.objects.live().filter(subject__in=numbers).exists():
            if time.perf_counter() > deadline:
                raise SystemExit(f"gave up after {PATIENCE:g} s\n{self.stack.tails(5)}")
            time.sleep(0.2)

    def _tasks(self, numbers: list[str]) -> dict[str, Task]:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(TASKS, [numbers])
            rows = cursor.fetchall()
        return {task: Task(queue, count / len(numbers), *means) for task, queue, count, *means in rows}

    def _cpu(self, *, since: Mapping[str, float] | None = None) -> dict[str, float]:
        return machine.cpu_seconds(machine.kinds(self.stack), database=self.stack.database.name, since=since)
