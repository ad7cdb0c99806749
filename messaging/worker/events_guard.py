"""Events guard: monitoring never stops work. While the broker blocks the worker's events, they are dropped.

RabbitMQ under a memory or disk alarm stops reading from each connection that publishes. Celery's events have one of
their own; a worker that went on writing to it would hang in its event loop, and once more as it closes the connection.
"""

from typing import Any

from celery import bootsteps
from celery.utils.log import get_logger
from celery.worker.consumer.events import Events

log = get_logger(__name__)


class GuardEvents(bootsteps.StartStopStep):
    """Switches the event dispatcher off while the broker blocks its connection."""

    requires = (Events,)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._blocked = False

    def start(self, consumer: Any) -> None:
        """Runs after every reconnect, too."""
        self._blocked = False
        dispatcher = consumer.event_dispatcher
        if not dispatcher or not dispatcher.enabled or consumer.connection.transport.driver_type != "amqp":
            return
        connection = dispatcher.connection.connection

        def blocked(reason: Any) -> None:
            log.warning("the broker blocks publishing (%s); events are dropped until it accepts them", reason)
            self._blocked, dispatcher.enabled = self._blocked or dispatcher.enabled, False

        def unblocked() -> None:
            log.info("the broker accepts publishing again")
            self._blocked, dispatcher.enabled = False, dispatcher.enabled or self._blocked

        connection.on_blocked, connection.on_unblocked = blocked, unblocked

    def stop(self, consumer: Any) -> None:
        """A blocked broker would not answer a polite close: drop the connection."""
        if self._blocked and consumer.event_dispatcher:
            consumer.event_dispatcher.connection.collect(socket_timeout=1)

    shutdown = stop
