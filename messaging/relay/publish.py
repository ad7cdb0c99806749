"""Publishes a batch of messages with one publisher confirm for all of it."""

import logging
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from amqp.exceptions import PreconditionFailed  # type: ignore[import-untyped]
from celery import Celery
from kombu import Connection, Producer

from messaging.broker.settings import is_amqp
from messaging.relay import flow, protocol
from messaging.relay.claim import Claimed
from messaging.relay.frame_buffer import FrameBuffer
from messaging.topology import UnroutableKey, topology

CONFIRM_TIMEOUT = 10.0
log = logging.getLogger(__name__)


class BatchRefused(Exception):
    """The broker closed the channel over one message of the batch, without saying which: publish a smaller one."""


@dataclass
class Outcome:
    """What became of a batch. What is in neither was refused for now and may be published again.

    `unroutable`: no queue is bound for these. `impossible`: why these can never be published as they are.
    """

    confirmed: set[uuid.UUID] = field(default_factory=set)
    unroutable: set[uuid.UUID] = field(default_factory=set)
    impossible: dict[uuid.UUID, str] = field(default_factory=dict)


class Publisher:
    """A connection of its own to the broker, with confirms for whole batches.

    `accepts` is cleared while the broker blocks publishers; `stopping` ends the wait for the end of that.
    """

    def __init__(self, app: Celery, **options: Any) -> None:
        self.accepts, self.stopping = threading.Event(), threading.Event()
        self.accepts.set()
        self.connection = app.connection_for_write(heartbeat=0, transport_options=options)
        self.connection.connect()
        self._channel = self.connection.channel()
        self._producer = Producer(self._channel, auto_declare=False)

    def publish(self, batch: Sequence[Claimed]) -> Outcome:
        """Publish `batch`. Raises kombu's `OperationalError` or an OS error, and `BatchRefused` for more than one."""
        raise NotImplementedError

    def _try_to_send(self, message: Claimed, outcome: Outcome) -> bool:
        """False: this message cannot be routed or encoded, and nothing was sent."""
        try:
            topology().queue_for(message.routing_key)  # Redis silently drops what it cannot route
            self._send(message)
        except UnroutableKey:
            outcome.unroutable.add(message.pk)
            return False
        except (OSError, *self.connection.connection_errors, *self.connection.channel_errors):
            raise
        except Exception as error:
            log.exception("%s %s cannot be encoded", message.task, message.pk)
            outcome.impossible[message.pk] = f"It cannot be encoded: {error!r}"
            return False
        return True

    def _send(self, message: Claimed) -> None:
        id_, body = str(message.pk), protocol.body_of(message)
        self._producer.publish(
            body,
            exchange=topology().exchange,
            routing_key=message.routing_key,
            priority=message.publish_priority,
            headers=protocol.headers_of(message, body=body),
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            mandatory=True,
            correlation_id=id_,
            message_id=id_,
            retry=False,
        )


def connect(app: Celery) -> Publisher:
    """Open a publisher and declare exchange, queues and dead-letter queues."""
    publisher = AmqpPublisher(app) if is_amqp(app.conf.broker_url) else RedisPublisher(app)
    try:
        flow.declare(publisher.connection)
    except BaseException:
        drop(publisher.connection)
        raise
    return publisher


def drop(connection: Connection) -> None:
    """Close a connection that may be broken. Never raises."""
    try:
        connection.collect(socket_timeout=1)
    except Exception as error:
        log.debug("closing a broken connection: %s", error)


class AmqpPublisher(Publisher):
    """Publishes the batch, then reads acks, nacks and returns until every message has one."""

    def __init__(self, app: Celery) -> None:
        # py-amqp's own confirm mode waits after every message; this channel waits once per batch.
        super().__init__(app, confirm_publish=False)
        self._frames = FrameBuffer(self.connection.connection)
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._close)
        self._channel.events["basic_nack"].add(self._on_nack)
        self._channel.events["basic_return"].add(self._on_return)
        raw = self.connection.connection
        raw.on_blocked, raw.on_unblocked = self._on_blocked, self._on_unblocked
        self._tag = 0
        self._open: dict[int, uuid.UUID] = {}
        self._refused: set[uuid.UUID] = set()

    def publish(self, batch: Sequence[Claimed]) -> Outcome:
        self._open.clear()
        self._refused.clear()
        outcome = Outcome()
        try:
            with self._frames:
                for message in batch:
                    if self._try_to_send(message, outcome):
                        self._tag += 1
                        self._open[self._tag] = message.pk
            self._await_confirms()
        except PreconditionFailed as error:
            if len(batch) > 1:
                raise BatchRefused(str(error)) from error
            return Outcome(impossible={batch[0].pk: f"The broker refused it: {error}"})
        unsent = self._refused | set(self._open.values()) | outcome.unroutable | outcome.impossible.keys()
        outcome.confirmed = {message.pk for message in batch} - unsent
        return outcome

    def _await_confirms(self) -> None:
        deadline = time.monotonic() + CONFIRM_TIMEOUT
        while self._open and (self.accepts.is_set() or not self.stopping.is_set()):
            if not self.accepts.is_set():
                deadline = time.monotonic() + CONFIRM_TIMEOUT  # it holds the batch, and confirms it afterwards
            if time.monotonic() >= deadline:
                raise TimeoutError(f"no publisher confirm within {CONFIRM_TIMEOUT:g} s")
            with suppress(TimeoutError):
                self.connection.drain_events(timeout=1)

    def _close(self, tag: int, multiple: bool) -> list[uuid.UUID]:
        tags = [t for t in self._open if t <= tag] if multiple else [tag]
        return [self._open.pop(t) for t in tags if t in self._open]

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self._refused.update(self._close(tag, multiple))

    def _on_blocked(self, reason: str) -> None:
        log.warning("relay waits: the broker blocks publishers; free the memory or the disk that it lacks")
        self.accepts.clear()

    def _on_unblocked(self) -> None:
        log.info("relay continues: the broker accepts messages again")
        self.accepts.set()

    def _on_return(self, error: Exception, exchange: str, routing_key: str, message: Any) -> None:
        self._refused.add(uuid.UUID(message.properties["message_id"]))


class RedisPublisher(Publisher):
    """Publishes the batch in one pipeline, whose reply is the confirm."""

    def publish(self, batch: Sequence[Claimed]) -> Outcome:
        outcome = Outcome()
        with self._producer.batch(max_size=len(batch) + 1):
            sent = [message.pk for message in batch if self._try_to_send(message, outcome)]
        outcome.confirmed.update(sent)
        return outcome
