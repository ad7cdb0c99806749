"""Relay loop: claim, publish, confirm; periodic chores; back off on errors; sleep when nothing is due."""

import logging
import threading
import time
from dataclasses import dataclass

from celery import Celery
from django.db import DatabaseError, InterfaceError, close_old_connections
from kombu.exceptions import BatchPublishError, OperationalError

from messaging import pauses
from messaging.relay import claim, dead_letters, publish, recovery, wakeup

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """Batch size, and intervals in seconds. After a partial batch the relay waits `gather` for the next to fill."""

    batch: int = 1000
    gather: float = 0.03
    poll_every: float = 0.1
    max_sleep: float = 1.0
    chores_every: float = 1.0
    min_backoff: float = 0.25
    max_backoff: float = 5.0


class Relay:
    """One relay process; any number may run. `stop()`, as from a signal handler, ends `run()` after its batch."""

    def __init__(self, app: Celery, pace: Pace | None = None) -> None:
        self._app = app
        self._pace = pace or Pace()
        self._stopping = threading.Event()
        self._listener = wakeup.Listener()
        self._recovery = recovery.Recovery()
        self._publisher: publish.Publisher | None = None
        self._unreachable = ""
        self._backoff = 0.0
        self._next_chores = 0.0
        self._paused: frozenset[str] = frozenset()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Run until `stop()`. Errors of broker or database lead to backoff, and are logged once per outage."""
        log.info("relay ready, broker %s", self._app.connection_for_write().as_uri())
        while not self._stopping.is_set():
            try:
                sent = self.turn()
                self._reset_backoff()
                self._rest(sent)
            except (DatabaseError, InterfaceError) as error:
                self._back_off("database", error)
                close_old_connections()
            except self._broker_errors() as error:
                self._back_off("broker", error)
                self._disconnect()
        self._disconnect()
        log.info("relay stopped")

    def turn(self) -> int:
        """One round: connect if needed, run the chores that are due, publish one batch. Returns how many were sent."""
        if self._publisher is None:
            self._publisher = publish.connect(self._app)
        if time.monotonic() >= self._next_chores:
            self._do_chores(self._publisher)
        return self._send_batch(self._publisher) if claim.anything_due(paused=self._paused) else 0

    def _do_chores(self, publisher: publish.Publisher) -> None:
        self._paused = pauses.paused()
        dead_letters.file_dead_letters(publisher.connection, self._app)
        self._recovery.run(publisher.connection, self._app)
        self._next_chores = time.monotonic() + self._pace.chores_every

    def _send_batch(self, publisher: publish.Publisher) -> int:
        batch = claim.claim(limit=self._pace.batch, paused=self._paused)
        ids = {message.pk for message in batch}
        confirmed: set[object] = set()
        try:
            confirmed |= publisher.publish(batch) if batch else set()
        finally:
            refused = ids - confirmed
            if refused:
                claim.unclaim(refused, delay=self._pace.max_backoff if confirmed else self._pace.min_backoff)
        if refused:
            log.error("broker refused %s of %s messages; they will be sent again", len(refused), len(ids))
        return len(confirmed)

    def _rest(self, sent: int) -> None:
        if sent >= self._pace.batch:
            return
        if sent:
            self._stopping.wait(self._pace.gather)
            return
        with self._listener.sleep_lock() as acquired:
            if acquired:
                self._sleep(claim.seconds_until_due(paused=self._paused))
            else:
                self._stopping.wait(self._pace.poll_every)

    def _sleep(self, until_due: float | None) -> None:
        """Bounded by the next scheduled message and the next chores, for which no notification is sent."""
        seconds = min(self._pace.max_sleep, max(0.0, self._next_chores - time.monotonic()))
        seconds = seconds if until_due is None else min(seconds, until_due)
        if seconds > 0:
            self._listener.wait(seconds)

    def _back_off(self, what: str, error: BaseException) -> None:
        if self._unreachable != what:
            log.warning("relay cannot reach the %s: %s; messages stay in the ledger", what, str(error).strip())
            self._unreachable = what
        pace = self._pace
        self._backoff = min(pace.max_backoff, max(pace.min_backoff, self._backoff * 2))
        self._stopping.wait(self._backoff)

    def _reset_backoff(self) -> None:
        if self._unreachable:
            log.info("relay reconnected to the %s", self._unreachable)
        self._unreachable, self._backoff = "", 0.0

    def _disconnect(self) -> None:
        publisher, self._publisher = self._publisher, None
        if publisher is None:
            return
        try:
            publisher.connection.collect(socket_timeout=1)
        except Exception as error:
            log.debug("closing a broken connection: %s", error)

    def _broker_errors(self) -> tuple[type[BaseException], ...]:
        connection = self._app.connection_for_write()
        own = (OperationalError, BatchPublishError, OSError)
        return (*own, *connection.connection_errors, *connection.channel_errors)
