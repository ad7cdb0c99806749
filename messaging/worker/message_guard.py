"""Message guard: the one way from the broker into the worker. What cannot be run is rejected to the dead-letter queue.

Celery handles the broken messages that its authors thought of, acknowledging some and so losing them; anything else
ends the worker, and every worker that the message is delivered to after it.
"""

import uuid
from collections.abc import Callable
from typing import Any

from celery import bootsteps
from celery.utils.log import get_logger
from celery.utils.saferepr import saferepr
from celery.worker.consumer.gossip import Gossip

from messaging import tracing
from messaging.worker.admission import HEADER, Refused, admit

log = get_logger(__name__)
Handler = Callable[..., Any]


class GuardMessages(bootsteps.StartStopStep):
    """Admits messages to their tasks and rejects the others. Also guards what workers tell each other."""

    requires = (Gossip,)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._consumer = consumer
        self._create_task_handler = consumer.create_task_handler
        consumer.create_task_handler = self._create_guarded_handler
        consumer.on_decode_error = self.reject
        consumer.gossip.on_message = self._guard_gossip(consumer.gossip.on_message)

    def _create_guarded_handler(self) -> Handler:
        """Celery calls it once per connection; the result is called with each message."""
        handle, strategies = self._create_task_handler(), self._consumer.strategies
        errors = (*self._consumer.connection_errors, *self._consumer.channel_errors)

        def on_message(message: Any) -> None:
            try:
                message.headers, _ = admit(
                    headers=message.headers,
                    content_type=message.content_type,
                    content_encoding=message.content_encoding,
                    body=message.body,
                )
                if message.headers["task"] not in strategies:
                    raise Refused("No task of this worker has its name.")
                origin, id_ = message.headers[HEADER], uuid.UUID(message.headers["id"])
                with tracing.chain(tracing.Chain(uuid.UUID(origin["correlation_id"]) if origin else id_, id_)):
                    handle(message)
            except Exception as error:
                # kombu counts KeyError among the errors of a Redis connection.
                if isinstance(error, errors) and not isinstance(error, KeyError):
                    raise
                self.reject(message, error)

        return on_message

    def reject(self, message: Any, error: Exception) -> None:
        """Reject to the dead-letter queue, whatever is wrong. A broadcast has none, and nothing to acknowledge."""
        text = "message rejected to the dead-letter queue: %s (%s bytes, content type %s, headers %s)"
        size, kind, headers = len(message.body or b""), message.content_type, message.headers
        log.error(text, error, size, _ascii(kind, most=100), _ascii(headers, most=500))
        tag = (message.delivery_info or {}).get("consumer_tag")
        if not message.acknowledged and tag not in (message.channel.no_ack_consumers or ()):
            message.reject_log_error(log, self._consumer.connection_errors)

    def _guard_gossip(self, on_message: Handler) -> Handler:
        def guarded(prepare: Any, message: Any) -> None:
            try:
                on_message(prepare, message)
            except Exception as error:
                log.warning("event of another worker ignored: %r", error)

        return guarded


def _ascii(value: Any, *, most: int) -> str:
    """Not every text from outside can be written to a log as it is."""
    return saferepr(value, maxlen=most).encode("ascii", "backslashreplace").decode()
