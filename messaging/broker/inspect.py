"""What does the broker itself say of its queues?"""

from celery import Celery
from kombu import Connection

from messaging.broker.settings import is_amqp


def depth(connection: Connection, queue: str) -> int:
    """Messages that wait in `queue`, not counting those handed to workers."""
    with connection.channel() as channel:
        if is_amqp(connection.as_uri()):
            return int(channel.queue_declare(queue, passive=True).message_count)
        return int(channel._size(queue))


def consumers(app: Celery, connection: Connection) -> dict[str, int]:
    """How many workers consume each queue. RabbitMQ knows; for Valkey the workers are asked, which takes 0.5 s."""
    counts: dict[str, int] = {}
    if is_amqp(connection.as_uri()):
        with connection.channel() as channel:
            for queue in app.amqp.queues:
                counts[queue] = int(channel.queue_declare(queue, passive=True).consumer_count)
        return counts
    answers = app.control.inspect(timeout=0.5, connection=connection).active_queues() or {}
    for queues in answers.values():
        for queue in queues:
            counts[queue["name"]] = counts.get(queue["name"], 0) + 1
    return counts
