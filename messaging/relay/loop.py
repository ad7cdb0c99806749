"""Relay loop: claim, publish, confirm; back off on errors; sleep when nothing is due. Chores run beside it."""

import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from celery import Celery
from django.db import DatabaseError, InterfaceError, close_old_connections
from kombu.exceptions import BatchPublishError, OperationalError

from messaging.broker import refusals
from messaging.hooks import observers
from messaging.relay import claim, publish, unroutable, wakeup
from messaging.relay.chores import Chores
from messaging.relay.flow import Flow
from messaging.relay.lanes import pending_lanes
from messaging.transitions import backoff

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
        self._publisher: publish.Publisher | None = None
        self._flow = Flow(look_every=self._pace.chores_every)
        self._chores = Chores(app, every=self._pace.chores_every)
        self._batch = self._pace.batch
        self._failed_alone: Counter[uuid.UUID] = Counter()
        self._has_sent = False
        self._unreachable: tuple[str, str] | None = None
        self._backoff = 0.0

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Run until `stop()`. Errors of broker or database lead to backoff, and are logged once per outage."""
        self._chores.broker_is_up.clear()
        self._chores.start()
        while not self._stopping.is_set():
            try:
                sent = self.turn()
                self._reset_backoff()
                self._rest(sent)
            except (DatabaseError, InterfaceError) as error:
                self._back_off("database", error)
                close_old_connections()
            except Exception as error:
                if not isinstance(error, self._broker_errors()):
                    log.exception("relay: unexpected error; reconnecting to the broker")
                self._back_off("broker", error)
                self._disconnect()
        self._chores.stop()
        self._disconnect()
        log.info("relay stopped")

    def turn(self) -> int:
        """One round: connect if needed, claim and publish one batch. Returns how many were sent."""
        if self._publisher is None:
            self._chores.broker_is_up.clear()
            self._publisher = publish.connect(self._app)
            self._publisher.accepts, self._publisher.stopping = self._chores.broker_is_up, self._stopping
            self._chores.broker_is_up.set()
            log.info("relay ready, broker %s", self._publisher.connection.as_uri())
            self._flow.doubt()
        self._flow.look(self._publisher.connection)
        batch = claim.claim(limit=self._batch, admits=self._flow.admits, surplus=self._flow.surplus)
        return self._send(self._publisher, batch) if batch else 0

    def _send(self, publisher: publish.Publisher, batch: Sequence[claim.Claimed]) -> int:
        """Publish a claimed batch. What is not confirmed becomes due again, and what never can be becomes dead."""
        outcome, began = publish.Outcome(), time.perf_counter()
        try:
            outcome = publisher.publish(batch)
        except Exception:
            self._batch = max(1, self._batch // 8)  # the next batches are smaller, until one message stands alone
            raise
        else:
            self._batch = min(self._pace.batch, self._batch * 2)
            self._has_sent = self._has_sent or bool(outcome.confirmed)
            for pk in self._failed_alone.keys() & (outcome.confirmed | outcome.impossible.keys()):
                del self._failed_alone[pk]
        finally:
            settled = outcome.confirmed | outcome.unroutable | outcome.impossible.keys()
            unsent = [message for message in batch if message.pk not in settled]
            self._give_back(unsent, alone=len(batch) == 1)
            observers.published(batch, outcome, seconds=time.perf_counter() - began)
        for message in batch:
            if message.pk in outcome.impossible:
                unroutable.bury(message, "CannotPublish", outcome.impossible[message.pk])
            elif message.pk in outcome.unroutable:
                unroutable.put_back(message)
        if unsent:
            log.error("broker did not confirm %s of %s messages; they will be sent again", len(unsent), len(batch))
            self._disconnect()  # connecting declares the queues anew
        return len(outcome.confirmed)

    def _give_back(self, unsent: Sequence[claim.Claimed], *, alone: bool) -> None:
        """A message that fails alone, while others are sent, waits longer each time and so does not hold them up."""
        if not unsent:
            return
        seconds = self._wait_alone(unsent[0].pk) if alone else self._pace.min_backoff
        claim.unclaim([message.pk for message in unsent], delay=seconds)

    def _wait_alone(self, pk: uuid.UUID) -> float:
        if self._has_sent:
            self._has_sent = False
            if len(self._failed_alone) > self._pace.batch:
                self._failed_alone.clear()  # a bound: those that operators discard would stay for good
            self._failed_alone[pk] += 1
        failed = self._failed_alone[pk]  # a Counter does not store what it is asked for
        return backoff.seconds(retries=min(failed, 10)) if failed else self._pace.max_backoff

    def _rest(self, sent: int) -> None:
        if sent >= self._batch:
            return
        if sent:
            self._stopping.wait(self._pace.gather)
            return
        with self._listener.sleep_lock() as acquired:
            seconds = min([self._pace.max_sleep, *(lane.seconds for lane in pending_lanes())]) if acquired else 0.0
            if seconds > 0:
                self._listener.wait(seconds)
                return
        # Outside the lock, so that writers do not notify: no lock to be had, or rows are due and have no room.
        self._stopping.wait(self._pace.poll_every)

    def _back_off(self, what: str, error: BaseException) -> None:
        state = (what, refusals.refusal(error) if what == "broker" else "")
        if self._unreachable != state:
            reason = state[1] or f"cannot reach the {what}: {str(error).strip()}"
            log.warning("relay waits: %s; messages stay in the ledger", reason)
            self._unreachable = state
        pace = self._pace
        self._backoff = min(pace.max_backoff, max(pace.min_backoff, self._backoff * 2))
        self._stopping.wait(self._backoff)

    def _reset_backoff(self) -> None:
        if self._unreachable:
            log.info("relay reconnected to the %s", self._unreachable[0])
        self._unreachable, self._backoff = None, 0.0

    def _disconnect(self) -> None:
        publisher, self._publisher = self._publisher, None
        if publisher is not None:
            publish.drop(publisher.connection)

    def _broker_errors(self) -> tuple[type[BaseException], ...]:
        connection = self._app.connection_for_write()
        own = (OperationalError, BatchPublishError, publish.BatchRefused, OSError)
        return (*own, *connection.connection_errors, *connection.channel_errors)
