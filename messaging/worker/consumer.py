"""Consumer of every worker: waits for a broker that is away, read-only, or refuses what this worker declares."""

import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

from amqp.exceptions import ChannelError, ResourceLocked  # type: ignore[import-untyped]
from celery.worker import consumer
from celery.worker.state import maybe_shutdown, reserved_requests

from messaging.broker import refusals
from messaging.topology import topology
from messaging.worker import holdings  # noqa: F401 - registers the control command

log = logging.getLogger(__name__)
WAIT, MAX_WAIT, ASK_EVERY = 1.0, 10.0, 5.0


class Consumer(consumer.Consumer):
    """Connects, and declares its queues, until both succeed. Logs one line a state change.

    Queues that the broker refuses while it accepts others are not consumed, and asked for again.
    """

    refused: Mapping[str, Exception] = {}
    _next_look = 0.0

    def ensure_connected(self, conn: Any) -> Any:
        logged, wait = "", WAIT
        while True:
            try:
                conn.connect()
                self._declare(conn)
            except Exception as error:
                state = refusals.refusal(error) or "unreachable"
                if state != logged:
                    log.error("worker waits: %s", refusals.explain(error))
                    logged = state
            else:
                self.first_connection_attempt = False
                if logged:
                    log.info("worker reconnected to the broker")
                return conn
            conn.collect(socket_timeout=1)
            self._sleep(wait)
            wait = min(MAX_WAIT, wait * 2)

    @cached_property
    def _queues(self) -> dict[str, Any]:
        """Celery's own selection lacks what is paused."""
        return dict(self.app.amqp.queues.consume_from)

    def look(self) -> None:
        """Ask for the refused queues again if it is time."""
        if self.refused and time.monotonic() >= self._next_look:
            with suppress(ChannelError):
                self._declare(self.connection)

    def _declare(self, connection: Any) -> None:
        self._next_look = time.monotonic() + ASK_EVERY
        refused = topology().declare(connection, self._queues)
        if refused and len(refused) == len(self._queues):
            raise next(iter(refused.values()))
        for name in refused.keys() - self.refused:
            log.error("worker does not consume %s: %s", name, refusals.explain(refused[name]))
        for name, queue in self._queues.items():
            queue.no_declare = name in refused  # Celery would declare it, too, and fail as a whole
        self.refused = refused

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Celery cancels the tasks. What has no answer is delivered again, which would spend an attempt."""
        held = [request for request in tuple(reserved_requests) if not request.acknowledged]
        super().on_connection_error_after_connected(exc)
        for request in held:
            request.give_back()
        if isinstance(exc, ResourceLocked):  # another worker has this one's name; connecting again would succeed
            log.error("worker waits: %s", refusals.explain(exc))
            self._sleep(MAX_WAIT)

    def _sleep(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            maybe_shutdown()
            time.sleep(0.2)
