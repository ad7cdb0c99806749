"""Consumer of every worker: waits for a broker that is away, read-only, or refuses what this worker declares."""

import logging
import time
from typing import Any

from celery.worker import consumer
from celery.worker.state import maybe_shutdown, reserved_requests

from messaging.broker import refusals
from messaging.topology import topology

log = logging.getLogger(__name__)
WAIT = 1.0
MAX_WAIT = 10.0


class Consumer(consumer.Consumer):
    """Connects, and declares the topology, until both succeed. Logs one line a state change."""

    def ensure_connected(self, conn: Any) -> Any:
        logged, wait = "", WAIT
        while True:
            try:
                conn.connect()
                topology().declare(conn)
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

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Celery cancels the tasks. What has no answer is delivered again, which would spend an attempt."""
        held = [request for request in tuple(reserved_requests) if not request.acknowledged]
        super().on_connection_error_after_connected(exc)
        for request in held:
            request.give_back()

    def _sleep(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            maybe_shutdown()
            time.sleep(0.2)
