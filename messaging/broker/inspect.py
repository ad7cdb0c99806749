"""Asks the broker about its queues, with bounded patience."""

import logging
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TypeVar

from celery import Celery, current_app
from kombu import Connection

from messaging.broker import refusals
from messaging.broker.settings import is_amqp

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
#: Seconds; a page or a health probe waits for the answer.
PATIENCE = 2


def depth(connection: Connection, queue: str) -> int:
    """Messages ready in `queue`, not counting those delivered to workers."""
    with connection.channel() as channel:
        if is_amqp(connection.as_uri()):
            return int(channel.queue_declare(queue, passive=True).message_count)
        return int(channel._size(queue))


def consumers(app: Celery, connection: Connection, *, wanted: Collection[str]) -> dict[str, int]:
    """Workers by queue. On Redis they are asked for 0.5 s, and once more if none answers for a `wanted` one."""
    if is_amqp(connection.as_uri()):
        counts = {}
        for queue in app.amqp.queues:
            with suppress(*connection.channel_errors), connection.channel() as channel:
                counts[queue] = int(channel.queue_declare(queue, passive=True).consumer_count)
        return counts
    for seconds in (0.5, PATIENCE - 0.5):
        answers = app.control.inspect(timeout=seconds, connection=connection).active_queues() or {}
        counts = dict(Counter(queue["name"] for queues in answers.values() for queue in queues))
        if counts.keys() >= set(wanted):
            break
    return counts


def ask(question: Callable[[Connection], Answer]) -> Answer | None:
    """`question(connection)` on a new connection. None: the broker is unreachable, or a queue is not declared yet."""
    connection = with_short_timeouts(current_app.connection_for_read())
    try:
        with connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=PATIENCE)
            return question(connection)
    except Exception as error:
        log.debug("broker: %s", refusals.explain(error))
        return None


def with_short_timeouts(connection: Connection) -> Connection:
    """Workers and relays may wait longer for a hung broker than a person should."""
    names = ("read_timeout", "write_timeout") if is_amqp(connection.as_uri()) else ("socket_timeout",)
    connection.transport_options = {**(connection.transport_options or {}), **dict.fromkeys(names, PATIENCE)}
    return connection
