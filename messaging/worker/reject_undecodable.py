"""Undecodable messages: rejected to the dead-letter queue."""

from typing import Any

from celery import bootsteps
from celery.utils.log import get_logger
from celery.utils.saferepr import saferepr

log = get_logger(__name__)


class RejectUndecodable(bootsteps.StartStopStep):
    """Rejects a body that Celery cannot decode; Celery itself would acknowledge and so lose it."""

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        consumer.on_decode_error = self._reject
        self._consumer = consumer

    def _reject(self, message: Any, error: Exception) -> None:
        text = "cannot decode message, rejected to the dead-letter queue: %s (content type %s, headers %s)"
        log.error(text, error, message.content_type, saferepr(message.headers, maxlen=500))
        message.reject_log_error(log, self._consumer.connection_errors)
