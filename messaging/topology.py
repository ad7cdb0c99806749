"""Topology: exchange, queues, bindings and priorities, declared once from `settings.MESSAGING`."""

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from amqp.exceptions import ChannelError  # type: ignore[import-untyped]
from kombu import Connection, Exchange, Queue

from messaging.conf import settings

MAX_PRIORITY = 9
#: First part of the routing keys of the engine's own tasks.
MAINTENANCE = "maintenance"


class Priority(enum.IntEnum):
    """AMQP priority of a message; its name ends the routing key."""

    LOW = 1
    NORMAL = 5
    HIGH = 9

    def routing_key(self, base: str) -> str:
        """`payment.charge` becomes `payment.charge.high`."""
        return f"{base}.{self.name.lower()}"


#: Priorities of pending messages, the most urgent first.
PRIORITIES = tuple(sorted(Priority, reverse=True))


class UnroutableKey(LookupError):
    """No queue is bound for this routing key."""


@dataclass(frozen=True)
class Topology:
    """Names of a project's exchange and queues.

    `queues` maps queue names to bindings, such as `{"payments": "payment.#"}`.
    """

    queues: dict[str, str]
    exchange: str = "conveyor"
    dead_letter_exchange: str = "conveyor.dead"
    queue_type: str = "classic"
    delivery_limit: int = 5

    @classmethod
    def from_settings(cls, names: Mapping[str, Any]) -> Self:
        """The topology in `settings.MESSAGING`, with a queue for the engine's own tasks added if none is bound."""
        queues = dict(names["queues"])
        if not any(binding.partition(".")[0] == MAINTENANCE for binding in queues.values()):
            queues[MAINTENANCE] = f"{MAINTENANCE}.#"
        return cls(**{**names, "queues": queues})

    @property
    def maintenance(self) -> str:
        """The queue of the engine's own tasks."""
        return self.queue_for(MAINTENANCE)

    def queue_for(self, routing_key: str) -> str:
        """The queue bound for a routing key such as `payment.charge.high`. Raises `UnroutableKey`."""
        noun = routing_key.partition(".")[0]
        for name, binding in self.queues.items():
            if binding.partition(".")[0] == noun:
                return name
        raise UnroutableKey(
            f"No queue is bound for {routing_key!r}. Bindings: {', '.join(self.queues.values())}. "
            "Add one to settings.MESSAGING['queues'], or correct the payload's routing key."
        )

    def binds(self, routing_key: str, queue: str) -> bool:
        """Whether `routing_key` leads to `queue`."""
        try:
            return self.queue_for(routing_key) == queue
        except UnroutableKey:
            return False

    @staticmethod
    def dead(queue: str) -> str:
        """Name of a queue's dead-letter queue."""
        return f"{queue}.dead"

    def kombu_queues(self) -> list[Queue]:
        """Queues that workers consume, with their dead-letter arguments."""
        exchange = Exchange(self.exchange, type="topic", durable=True)
        return [
            Queue(name, exchange, routing_key=binding, durable=True, queue_arguments=self._arguments(name))
            for name, binding in self.queues.items()
        ]

    def kombu_dead_letter_queues(self) -> list[Queue]:
        exchange = Exchange(self.dead_letter_exchange, type="direct", durable=True)
        arguments = {"x-queue-type": "quorum"} if self.queue_type == "quorum" else {}
        return [
            Queue(self.dead(name), exchange, routing_key=name, durable=True, queue_arguments=arguments)
            for name in self.queues
        ]

    def declare(self, connection: Connection, queues: Collection[str] | None = None) -> dict[str, ChannelError]:
        """Declare exchanges, queues and dead-letter queues at the broker, of all or only of `queues`.

        Returns what RabbitMQ refuses by the queue that it is refused for; the others are declared.
        """
        refused = {}
        for dead, queue in zip(self.kombu_dead_letter_queues(), self.kombu_queues(), strict=True):
            if queues is None or queue.name in queues:
                try:
                    with connection.channel() as channel:
                        dead(channel).declare()
                        queue(channel).declare()
                except ChannelError as error:
                    refused[queue.name] = error
        return refused

    def _arguments(self, name: str) -> dict[str, Any]:
        """RabbitMQ refuses `x-max-priority` on quorum queues and `x-delivery-limit` on classic ones."""
        arguments: dict[str, Any] = {
            "x-dead-letter-exchange": self.dead_letter_exchange,
            "x-dead-letter-routing-key": name,
        }
        if self.queue_type == "quorum":
            return arguments | {"x-queue-type": "quorum", "x-delivery-limit": self.delivery_limit}
        return arguments | {"x-max-priority": MAX_PRIORITY}


@cache
def topology() -> Topology:
    """Topology of the project, from `settings.MESSAGING`."""
    return Topology.from_settings(settings.MESSAGING)
