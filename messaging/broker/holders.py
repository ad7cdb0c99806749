"""Holders: which messages the broker and the workers still hold.

Redis lists every message by its id. AMQP only counts those that are ready; what workers hold, they are asked.
A message that moves between queue and worker while this looks is seen at one of the two: whatever was ready before
the first look has arrived at its worker `SETTLE` seconds later, and what a worker returns is ready at the second.
"""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from celery import Celery
from kombu import Connection, Producer
from kombu.pidbox import Mailbox

from messaging.broker.settings import is_amqp
from messaging.topology import topology

log = logging.getLogger(__name__)
SETTLE = 0.5
#: Seconds without a further answer after which no other worker is expected to answer.
ANSWER_WITHIN = 1.0
#: Control command of `messaging.worker.holdings`.
COMMAND = "conveyor_holdings"


@dataclass(frozen=True)
class Held:
    """What holds messages of one queue: `ids` for certain, and `ready` more whose ids cannot be read.

    `complete` is False if a consumer of the queue did not say what it holds.
    """

    ids: frozenset[uuid.UUID]
    ready: int = 0
    complete: bool = True


def look(connection: Connection, app: Celery, queues: Collection[str], *, limit: int) -> dict[str, Held]:
    """Who holds messages of `queues` and of their dead-letter queues. Takes up to about two seconds.

    Left out: queues that hold more than `limit` messages, which explains everything, and those that cannot be read.
    """
    if is_amqp(connection.as_uri()):
        return _look_amqp(connection, app, queues, limit=limit)
    first = _ids_on_redis(connection, queues, limit=limit)
    time.sleep(SETTLE)
    second = _ids_on_redis(connection, first, limit=limit)
    return {queue: Held(first[queue] | ids) for queue, ids in second.items()}


def withdraw(connection: Connection, queue: str, ids: Collection[uuid.UUID], held: Held) -> set[uuid.UUID]:
    """Those of `ids` that wait in the queue. On Redis they are removed from it; AMQP cannot remove a single message."""
    if is_amqp(connection.as_uri()):
        return set(ids) - held.ids if held.complete else set()
    with connection.channel() as channel:
        return set(channel.withdraw(queue, ids))


def restore_overdue(connection: Connection, *, limit: int) -> int:
    """Requeue what workers on Redis were given and held too long, where kombu has not. RabbitMQ needs no help."""
    if is_amqp(connection.as_uri()):
        return 0
    with connection.channel() as channel:
        return int(channel.restore_overdue(limit=limit))


def _ids_on_redis(connection: Connection, queues: Collection[str], *, limit: int) -> dict[str, frozenset[uuid.UUID]]:
    with connection.channel() as channel:
        found = {queue: channel.ids_of(queue, limit=limit) for queue in queues}
    return {queue: ids for queue, ids in found.items() if ids is not None}


def _look_amqp(connection: Connection, app: Celery, queues: Collection[str], *, limit: int) -> dict[str, Held]:
    before = _declared(connection, queues, limit=limit)
    if not before:
        return {}
    time.sleep(SETTLE)
    answers = list(_answers(connection, app))
    after = _declared(connection, before, limit=limit)
    ids = frozenset(id_ for answer in answers for id_ in _uuids(answer["ids"]))
    answered = Counter(queue for answer in answers for queue in answer["queues"])
    return {
        queue: Held(ids, max(ready, before[queue][0]), answered[queue] >= max(consumers, before[queue][1]))
        for queue, (ready, consumers) in after.items()
    }


def _declared(connection: Connection, queues: Collection[str], *, limit: int) -> dict[str, tuple[int, int]]:
    """Messages that are ready, dead letters included, and number of consumers."""
    counts = {}
    for queue in queues:
        try:
            with connection.channel() as channel:
                alive = channel.queue_declare(queue, passive=True)
                dead = channel.queue_declare(topology().dead(queue), passive=True)
        except connection.channel_errors as error:  # a queue on a node that is down may still hold its messages
            log.info("%s cannot be inspected: %s", queue, error)
            continue
        ready = alive.message_count + dead.message_count
        if ready <= limit:
            counts[queue] = (ready, alive.consumer_count)
    return counts


def _answers(connection: Connection, app: Celery) -> Iterator[dict[str, list[str]]]:
    """What each worker holds. Answers of workers that do not know the command are left out."""
    with connection.channel() as channel:
        replies = _Mailbox.like(app.control.mailbox)(connection)._broadcast(
            COMMAND, reply=True, timeout=ANSWER_WITHIN, channel=channel
        )
    for answer in (answer for reply in replies or () for answer in reply.values()):
        if isinstance(answer, dict) and isinstance(answer.get("ids"), list) and isinstance(answer.get("queues"), list):
            yield answer


class _Mailbox(Mailbox):
    """Celery's mailbox on the given connection only; Celery's own publishes on a pool's, and retries for ever."""

    @classmethod
    def like(cls, other: Mailbox) -> "_Mailbox":
        return cls(
            other.namespace, type=other.type, accept=other.accept, serializer=other.serializer, clock=other.clock
        )

    @contextmanager
    def producer_or_acquire(self, producer: Any = None, channel: Any = None) -> Iterator[Any]:
        yield _Once(channel, auto_declare=False)


class _Once(Producer):
    def publish(self, *arguments: Any, **options: Any) -> Any:
        return super().publish(*arguments, **{**options, "retry": False})


def _uuids(values: list[Any]) -> Iterator[uuid.UUID]:
    for value in values:
        try:
            yield uuid.UUID(str(value))
        except ValueError:
            continue  # a message that is not from the ledger
