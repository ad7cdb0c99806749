"""What does the relay do all day? Claim, publish, confirm; now and then sweep and drain; sleep when nothing is due."""

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
    """Seconds, but for `batch`. A small batch is followed by a short wait, in which the next one gathers under load."""

    batch: int = 1000
    gather: float = 0.03
    nap: float = 0.1
    sleep: float = 1.0
    chores_every: float = 1.0
    first_backoff: float = 0.25
    longest_backoff: float = 5.0


class Relay:
    """One relay process. Run as many as you like; `stop()`, as from a signal handler, ends `run()` after its batch."""

    def __init__(self, app: Celery, pace: Pace | None = None) -> None:
        self._app = app
        self._pace = pace or Pace()
        self._stopping = threading.Event()
        self._sleeper = wakeup.Sleeper()
        self._publisher: publish.Publisher | None = None
        self._trouble = ""
        self._backoff = 0.0
        self._next_chores = 0.0
        self._paused: frozenset[str] = frozenset()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Until `stop()`. No trouble of broker or database ends it: it backs off, and says so once."""
        log.info("relay ready, broker %s", self._app.connection_for_write().as_uri())
        while not self._stopping.is_set():
            try:
                sent = self.turn()
                self._recover()
                self._rest(sent)
            except (DatabaseError, InterfaceError) as error:
                self._step_back("database", error)
                close_old_connections()
            except self._broker_errors() as error:
                self._step_back("broker", error)
                self._hang_up()
        self._hang_up()
        log.info("relay stopped")

    def turn(self) -> int:
        """One round: connect if needed, do the chores that are due, send one batch. How many were sent."""
        if self._publisher is None:
            self._publisher = publish.connect(self._app)
        if time.monotonic() >= self._next_chores:
            self._do_chores(self._publisher)
        return self._send_batch(self._publisher) if claim.anything_due(paused=self._paused) else 0

    def _do_chores(self, publisher: publish.Publisher) -> None:
        self._paused = pauses.paused()
        dead_letters.drain(publisher.connection, self._app)
        recovery.sweep(publisher.connection)
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
                claim.give_back(refused, delay=self._pace.longest_backoff if confirmed else self._pace.first_backoff)
        if refused:
            log.error("the broker refused %s of %s messages; they are tried again", len(refused), len(ids))
        return len(confirmed)

    def _rest(self, sent: int) -> None:
        if sent >= self._pace.batch:
            return
        if sent:
            self._stopping.wait(self._pace.gather)
            return
        with self._sleeper.lying_down() as alone:
            if not alone:
                self._stopping.wait(self._pace.nap)
            else:
                self._sleep(claim.seconds_until_due(paused=self._paused))

    def _sleep(self, until_due: float | None) -> None:
        """No longer than until the next retry or turn is due, since nobody calls for what is due by its time only."""
        seconds = min(self._pace.sleep, max(0.0, self._next_chores - time.monotonic()))
        seconds = seconds if until_due is None else min(seconds, until_due)
        if seconds > 0:
            self._sleeper.sleep(seconds)

    def _step_back(self, what: str, error: BaseException) -> None:
        if self._trouble != what:
            log.warning("relay cannot reach the %s: %s; messages wait in the ledger", what, str(error).strip())
            self._trouble = what
        pace = self._pace
        self._backoff = min(pace.longest_backoff, max(pace.first_backoff, self._backoff * 2))
        self._stopping.wait(self._backoff)

    def _recover(self) -> None:
        if self._trouble:
            log.info("relay reaches the %s again", self._trouble)
        self._trouble, self._backoff = "", 0.0

    def _hang_up(self) -> None:
        publisher, self._publisher = self._publisher, None
        if publisher is None:
            return
        try:
            publisher.connection.collect(socket_timeout=1)
        except Exception as error:
            log.debug("closing the broken connection: %s", error)

    def _broker_errors(self) -> tuple[type[BaseException], ...]:
        connection = self._app.connection_for_write()
        own = (OperationalError, BatchPublishError, OSError)
        return (*own, *connection.connection_errors, *connection.channel_errors)
