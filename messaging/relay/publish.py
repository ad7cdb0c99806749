"""How is a batch handed to the broker so that one wait confirms all of it?"""

import time
import uuid
from collections.abc import Sequence
from typing import Any, Protocol

from celery import Celery
from kombu import Connection, Producer

from messaging.broker.settings import is_amqp
from messaging.models import Message
from messaging.relay import protocol
from messaging.topology import topology

CONFIRM_TIMEOUT = 10.0


class Publisher(Protocol):
    connection: Connection

    def publish(self, batch: Sequence[Message]) -> set[uuid.UUID]:
        """Hand `batch` to the broker; the ids that it took over. Raises kombu's `OperationalError` or an OS error."""

    def close(self) -> None: ...


def connect(app: Celery) -> Publisher:
    """A publisher with a connection of its own, on which exchange, queues and dead-letter queues are declared."""
    url = app.conf.broker_url
    publisher = AmqpPublisher(app) if is_amqp(url) else RedisPublisher(app)
    declare(publisher.connection)
    return publisher


def declare(connection: Connection) -> None:
    with connection.channel() as channel:
        for queue in (*topology().kombu_dead_letter_queues(), *topology().kombu_queues()):
            queue(channel).declare()


def _open(app: Celery, **changes: Any) -> Connection:
    options = {**app.conf.broker_transport_options, **changes}
    connection = Connection(
        app.conf.broker_url,
        transport_options=options,
        connect_timeout=app.conf.broker_connection_timeout,
        heartbeat=0,
    )
    connection.connect()
    return connection


def _send(producer: Producer, message: Message) -> None:
    producer.publish(
        protocol.body_of(message),
        exchange=topology().exchange,
        routing_key=message.routing_key,
        priority=message.priority,
        headers=protocol.headers_of(message),
        serializer="json",
        delivery_mode=2,
        mandatory=True,
        correlation_id=str(message.pk),
        message_id=str(message.pk),
        retry=False,
    )


class AmqpPublisher:
    """Publishes a whole batch, then drains the broker's acks, nacks and returns until nothing is open."""

    def __init__(self, app: Celery) -> None:
        # py-amqp's own confirm mode waits after each message; this channel waits once for all.
        self.connection = _open(app, confirm_publish=False)
        self._channel = self.connection.channel()
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._on_ack)
        self._channel.events["basic_nack"].add(self._on_nack)
        self._channel.events["basic_return"].add(self._on_return)
        self._producer = Producer(self._channel, auto_declare=False)
        self._tag = 0
        self._open: dict[int, uuid.UUID] = {}
        self._refused: set[uuid.UUID] = set()

    def publish(self, batch: Sequence[Message]) -> set[uuid.UUID]:
        self._open.clear()
        self._refused.clear()
        for message in batch:
            self._tag += 1
            self._open[self._tag] = message.pk
            _send(self._producer, message)
        self._await_confirms()
        return {message.pk for message in batch} - self._refused - set(self._open.values())

    def _await_confirms(self) -> None:
        deadline = time.monotonic() + CONFIRM_TIMEOUT
        while self._open:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"the broker did not confirm within {CONFIRM_TIMEOUT:g} s")
            self.connection.drain_events(timeout=left)

    def _close(self, tag: int, multiple: bool) -> list[uuid.UUID]:
        tags = [t for t in self._open if t <= tag] if multiple else [tag]
        return [self._open.pop(t) for t in tags if t in self._open]

    def _on_ack(self, tag: int, multiple: bool) -> None:
        self._close(tag, multiple)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self._refused.update(self._close(tag, multiple))

    def _on_return(self, error: Exception, exchange: str, routing_key: str, message: Any) -> None:
        self._refused.add(uuid.UUID(message.properties["message_id"]))

    def close(self) -> None:
        self.connection.close()


class RedisPublisher:
    """Publishes a whole batch in one pipeline, whose reply is the confirmation."""

    def __init__(self, app: Celery) -> None:
        self.connection = _open(app)
        self._producer = Producer(self.connection.channel(), auto_declare=False)

    def publish(self, batch: Sequence[Message]) -> set[uuid.UUID]:
        routable = [message for message in batch if _routable(message)]
        with self._producer.batch(max_size=len(batch) + 1):
            for message in routable:
                _send(self._producer, message)
        return {message.pk for message in routable}

    def close(self) -> None:
        self.connection.close()


def _routable(message: Message) -> bool:
    """Valkey takes messages for no queue without a word."""
    try:
        topology().queue_for(message.routing_key)
    except LookupError:
        return False
    return True
