"""Measured service times: `service_times.json`, which `python bench/capacity.py --write` measures anew."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

FILE = Path(__file__).with_name("service_times.json")


@dataclass(frozen=True, kw_only=True)
class Task:
    """A kind of message. `per_order`: how many of them an order causes; `seconds` from its start to its end.

    `variation` is the variance of these seconds by their squared mean: 0 if all take the same time.
    """

    queue: str
    per_order: float
    seconds: float
    variation: float


@dataclass(frozen=True, kw_only=True)
class Work:
    """All messages of a queue: how many an order causes, and their mean seconds with the variation."""

    per_order: float
    seconds: float
    variation: float

    @classmethod
    def of(cls, tasks: Collection[Task]) -> Self:
        count = sum(task.per_order for task in tasks)
        mean = sum(task.per_order * task.seconds for task in tasks) / count
        squares = sum(task.per_order * task.seconds**2 * (1 + task.variation) for task in tasks) / count
        return cls(per_order=count, seconds=mean, variation=squares / mean**2 - 1)


@dataclass(frozen=True, kw_only=True)
class ServiceTimes:
    """What one of each costs, in seconds of CPU unless the name says otherwise; bytes include indexes.

    `cpu` is by process: "web" and "PostgreSQL" for an order, the workers of each queue and "RabbitMQ" for a message,
    "relay" for a turn. `request_seconds` is a checkout's time, `transport_seconds` that of a message through relay and
    broker while nothing waits, `batched_seconds` that of a message in a relay's full batch, of which `batched_cpu` on
    the CPU.
    """

    measured_on: str
    command: str
    machine: str
    tasks: Mapping[str, Task]
    cpu: Mapping[str, float]
    request_seconds: float
    transport_seconds: float
    batched_seconds: float
    batched_cpu: float
    purged_per_second: float
    message_bytes: float

    @classmethod
    def stored(cls) -> Self:
        return cls.of(json.loads(FILE.read_text()))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        return cls(**{**values, "tasks": {name: Task(**task) for name, task in values["tasks"].items()}})

    @property
    def messages_per_order(self) -> float:
        return sum(task.per_order for task in self.tasks.values())

    def of_queue(self, queue: str) -> Work:
        return Work.of([task for task in self.tasks.values() if task.queue == queue])

    def relay_cpu(self, messages: float) -> float:
        """CPU seconds of a message when that many are sent a second: the more arrive meanwhile, the fewer turns."""
        return self.batched_cpu + self.cpu["relay"] / (1 + messages * self.transport_seconds)
