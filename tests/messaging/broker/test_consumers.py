"""Which queues have a worker, at a broker that leaves the answer to the workers."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from kombu import Connection

from messaging.broker import inspect

QUEUES = ("payments", "shipping")


@dataclass
class Workers:
    """Stands in for a Celery app: each worker answers after some seconds, by its name. `asked` are the timeouts."""

    seconds: dict[str, float]
    asked: list[float] = field(default_factory=list)

    @property
    def control(self) -> "Workers":
        return self

    def inspect(self, *, timeout: float, connection: Any) -> "Workers":
        self.asked.append(timeout)
        return self

    def active_queues(self) -> dict[str, list[dict[str, str]]] | None:
        answers = {name: after for name, after in self.seconds.items() if after <= self.asked[-1]}
        return {name: [{"name": name.partition("-")[0]}] for name in answers} or None


@pytest.mark.parametrize(
    ("seconds", "wanted", "counts", "looks"),
    [
        ({"payments-1": 0.1, "shipping-1": 0.1}, QUEUES, {"payments": 1, "shipping": 1}, 1),
        ({"payments-1": 0.1, "payments-2": 0.1, "shipping-1": 1.4}, QUEUES, {"payments": 2, "shipping": 1}, 2),
        ({"payments-1": 1.4, "shipping-1": 1.4}, QUEUES, {"payments": 1, "shipping": 1}, 2),
        ({"payments-1": 0.1}, ("payments",), {"payments": 1}, 1),
        ({"payments-1": 0.1}, QUEUES, {"payments": 1}, 2),
        ({}, QUEUES, {}, 2),
    ],
    ids=["at once", "one is busy", "all are busy", "a paused queue", "one is missing", "none runs"],
)
def test_a_busy_worker_is_asked_again(seconds, wanted, counts, looks):
    workers: Any = Workers(seconds)
    found = inspect.consumers(workers, Connection("redis://127.0.0.1:1/"), wanted=set(wanted))
    assert found == counts
    assert len(workers.asked) == looks
    assert sum(workers.asked) <= inspect.PATIENCE
