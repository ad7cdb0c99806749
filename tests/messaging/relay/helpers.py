"""Helpers for tests of the relay: enqueue, read from and reject to the broker."""

from typing import Any

from kombu import Producer

from messaging import outbox
from messaging.broker import inspect
from messaging.models import Message
from messaging.topology import topology
from tests.messaging.samples import Sample
from tests.patience import wait_for

QUEUE = "maintenance"


def enqueue(count: int = 1, **options) -> list[Message]:
    with outbox.transaction():
        return [outbox.enqueue(Sample(text=str(n)), **options) for n in range(count)]


def take(connection):
    with connection.channel() as channel:
        return channel.basic_get(QUEUE, no_ack=True)


def states() -> set[str]:
    return set(Message.objects.values_list("state", flat=True))


def send_raw(
    link, body, *, headers=None, content_type="application/json", routing_key="maintenance.sample.low"
) -> None:
    Producer(link.channel(), auto_declare=False).publish(
        body, exchange=topology().exchange, routing_key=routing_key, content_type=content_type,
        content_encoding="utf-8", headers=headers or {},
    )  # fmt: skip


def reject(link) -> None:
    """Reject a message to its dead-letter queue, as a worker does."""
    with link.channel() as channel:
        message: Any = wait_for(lambda: channel.basic_get(QUEUE, no_ack=False), what="the message is in its queue")
        channel.basic_reject(message.delivery_tag, requeue=False)


def dead_letter(publisher, body, **options) -> None:
    send_raw(publisher.connection, body, **options)
    reject(publisher.connection)
    wait_for(lambda: inspect.depth(publisher.connection, topology().dead(QUEUE)) == 1)
