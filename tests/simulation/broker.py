"""The simulated broker: queues with priorities, redelivery, dead letters, and every fault of a network."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from messaging.relay import publish
from messaging.relay.claim import Claimed
from messaging.topology import topology
from tests.simulation.chance import DISORDER, LOST_CONFIRM
from tests.simulation.scheduler import DELIVERIES, Scheduler


@dataclass(eq=False)
class Delivery:
    """A message at the broker, or at the worker `held_by`."""

    queue: str
    body: str
    headers: dict[str, Any]
    routing_key: str
    priority: int
    redelivered: bool = False
    held_by: str = ""

    @property
    def id(self) -> str:
        return str(self.headers["id"])


class Broker:
    def __init__(self, scheduler: Scheduler) -> None:
        self.is_up = True
        #: Number of workers of each queue.
        self.consumers: Counter[str] = Counter()
        self.ready: list[Delivery] = []
        self.held: list[Delivery] = []
        self.dead: list[Delivery] = []
        #: Chance that a batch's confirm is lost, and that a message is delivered out of turn.
        self.lose_confirm = self.disorder = 0.0
        self._scheduler = scheduler

    def connect(self) -> None:
        if not self.is_up:
            raise ConnectionRefusedError("the simulated broker is down")

    def accept(self, body: str, *, routing_key: str, priority: int, headers: dict[str, Any]) -> None:
        self._scheduler.border("publishes")
        self.connect()
        queue = topology().queue_for(routing_key)
        self.ready.append(Delivery(queue, body, json.loads(json.dumps(headers)), routing_key, priority))
        self._scheduler.announce(DELIVERIES)

    def take(self, queues: Collection[str], *, worker: str) -> Delivery | None:
        """The most urgent message, the oldest of them; now and then any other."""
        waiting = [delivery for delivery in self.ready if delivery.queue in queues] if self.is_up else []
        if not waiting:
            return None
        chance = self._scheduler.chance
        if chance.strikes(DISORDER, self.disorder):
            chosen = chance.stream("broker").choice(waiting)
        else:
            chosen = max(waiting, key=lambda delivery: delivery.priority)
        self.ready.remove(chosen)
        self.held.append(chosen)
        chosen.held_by = worker
        return chosen

    def acknowledge(self, delivery: Delivery) -> None:
        """Without effect after a lost connection: the message has gone back to its queue."""
        if delivery in self.held:
            self.held.remove(delivery)

    def reject(self, delivery: Delivery, *, requeue: bool) -> None:
        if delivery in self.held:
            self.held.remove(delivery)
            if requeue:
                self._give_back(delivery)
            else:
                self.dead.append(delivery)

    def lose_connection(self, worker: str) -> None:
        for delivery in [delivery for delivery in self.held if delivery.held_by == worker]:
            self.held.remove(delivery)
            self._give_back(delivery)

    def _give_back(self, delivery: Delivery) -> None:
        again = Delivery(**{**vars(delivery), "redelivered": True, "held_by": ""})
        self.ready.insert(0, again)
        self._scheduler.announce(DELIVERIES)

    def start(self) -> None:
        self.is_up = True
        self._scheduler.announce(DELIVERIES)

    def stop(self) -> None:
        self.is_up = False
        for worker in {delivery.held_by for delivery in self.held}:
            self.lose_connection(worker)

    def wipe(self) -> None:
        """Loses its data, as a broker without a disk does."""
        self.stop()
        self.ready.clear()
        self.dead.clear()

    def double(self) -> None:
        """A message arrives twice."""
        if self.ready:
            original = self._scheduler.chance.stream("broker").choice(self.ready)
            self.ready.append(Delivery(**vars(original)))
            self._scheduler.announce(DELIVERIES)


@dataclass
class Link:
    """A connection: what relay and chores use of kombu's."""

    broker: Broker
    connection_errors: tuple[type[Exception], ...] = (OSError,)
    channel_errors: tuple[type[Exception], ...] = ()

    def as_uri(self) -> str:
        return "amqp://simulated"

    def collect(self, socket_timeout: float) -> None:
        pass

    @contextmanager
    def channel(self) -> Iterator["Channel"]:
        self.broker.connect()
        yield Channel(self.broker)


@dataclass
class Channel:
    broker: Broker
    _open: dict[int, Delivery] = field(default_factory=dict)

    def queue_declare(self, queue: str, *, passive: bool) -> Any:
        self.broker.connect()
        box = self.broker.ready if queue in topology().queues else self.broker.dead
        name = queue if queue in topology().queues else queue.removesuffix(".dead")
        count = sum(delivery.queue == name for delivery in box)
        return SimpleNamespace(message_count=count, consumer_count=self.broker.consumers[name])

    def basic_get(self, queue: str, *, no_ack: bool) -> Any:
        self.broker.connect()
        found = next((d for d in self.broker.dead if topology().dead(d.queue) == queue), None)
        if found is None:
            return None
        self._open[id(found)] = found
        properties = {"priority": found.priority, "content_type": "application/json", "content_encoding": "utf-8"}
        death = [{"reason": "rejected", "routing-keys": [found.routing_key]}]
        headers = {**found.headers, "x-death": death}
        return SimpleNamespace(
            body=found.body,
            headers=headers,
            properties=properties | {"application_headers": headers},
            delivery_tag=id(found),
        )

    def basic_ack(self, tag: int) -> None:
        self.broker.connect()
        self.broker.dead.remove(self._open.pop(tag))


class Publisher(publish.Publisher):
    """The relay's publisher with one confirm for a batch, which may be lost after the broker has everything."""

    def __init__(self, broker: Broker, scheduler: Scheduler, *, looks_at_claim: Callable[[], None]) -> None:
        broker.connect()
        self.connection: Any = Link(broker)
        self._broker, self._scheduler, self._look_at_claim = broker, scheduler, looks_at_claim
        self._producer: Any = SimpleNamespace(publish=self._accept)

    def publish(self, batch: Sequence[Claimed]) -> publish.Outcome:
        self._look_at_claim()
        outcome = publish.Outcome()
        sent = {message.pk for message in batch if self._try_to_send(message, outcome)}
        self._scheduler.border("awaits confirms")
        self._broker.connect()
        if self._scheduler.chance.strikes(LOST_CONFIRM, self._broker.lose_confirm):
            raise TimeoutError("the simulated confirm was lost")
        outcome.confirmed = sent
        return outcome

    def _accept(self, body: str, *, routing_key: str, priority: int, headers: Any, **_options: Any) -> None:
        self._broker.accept(body, routing_key=routing_key, priority=priority, headers=headers)
