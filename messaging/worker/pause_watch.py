"""Pause watch: workers do not consume paused queues, and none at all while the database is away.

Each worker reads the pauses once a second. A broadcast would need the broker and reach only the workers connected at
that moment; the table also reaches one that restarted or was disconnected. The same read shows whether the database
answers: without it no task can succeed, and each message taken would only be given back.
"""

import logging
import os
import threading
from contextlib import nullcontext, suppress
from typing import Any

from celery import bootsteps
from celery.worker.consumer.tasks import Tasks
from django.db import close_old_connections, connection

from messaging import pauses
from messaging.worker import outage

log = logging.getLogger(__name__)
READ_EVERY = 1.0
APPLY_EVERY = 0.5
FIRST_READ_WITHIN = 5.0
#: Held during a fork. A pool process forked while another thread is inside SQLite would find SQLite's own locks taken
#: for ever, and hang in its first task until the hard time limit.
_forking = threading.Lock()
os.register_at_fork(before=_forking.acquire, after_in_parent=_forking.release, after_in_child=_forking.release)


class PauseReader(threading.Thread):
    """Reads the pauses in a thread of its own, so that a hung database does not stop the worker's heartbeats.

    `paused` is the result of the last read; None while the database is away: before the first successful read, after
    one that failed, and during one that hangs.
    """

    def __init__(self, *, every: float = READ_EVERY) -> None:
        super().__init__(name="queue-pauses", daemon=True)
        self.has_read = threading.Event()
        self._paused: frozenset[str] | None = None
        self._every, self._stopping = every, threading.Event()

    @property
    def paused(self) -> frozenset[str] | None:
        return None if outage.watch.hung() else self._paused

    def run(self) -> None:
        while not self._stopping.is_set():
            self.read()
            self._stopping.wait(self._every)
        connection.close()

    def stop(self) -> None:
        self._stopping.set()

    def read(self) -> None:
        """Never raises: without this thread the worker would consume nothing, or everything, for ever."""
        outage.watch.begin()
        is_sqlite = connection.vendor == "sqlite"
        with _forking if is_sqlite else nullcontext():
            try:
                close_old_connections()
                self._paused = pauses.paused()
            except Exception as error:
                if self._paused is not None or not self.has_read.is_set():  # once an outage, not once a second
                    log.warning("cannot read queue pauses: %s", error)
                self._paused = None
            if self._paused is None or is_sqlite:  # a process that forks must not hold SQLite's files
                with suppress(Exception):
                    connection.close()
        outage.watch.end(failed=self._paused is None)
        self.has_read.set()


class ApplyPauses(bootsteps.StartStopStep):
    """Has a worker consume its queues that are not paused, whoever cancelled them. Started tasks run to their end."""

    requires = (Tasks,)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        outage.watch = outage.Watch()  # the pool is not forked yet
        self._queues = frozenset(consumer.app.amqp.queues.consume_from)
        self._reader: PauseReader | None = None
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        """Runs before the first consumption, and again after every reconnect."""
        if self._reader is None:
            self._reader = PauseReader()
            self._reader.start()
        self._reader.has_read.wait(FIRST_READ_WITHIN)
        self._apply(consumer)
        self._timer = consumer.timer.call_repeatedly(APPLY_EVERY, self._apply, (consumer,))

    def stop(self, consumer: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    terminate = stop

    def _apply(self, consumer: Any) -> None:
        """One tick. The reader is asked once: a result that changes half-way would be applied to neither half."""
        paused = self._reader.paused if self._reader else None
        consumer.look()
        stopped = self._queues if paused is None else self._queues & (paused | consumer.refused.keys())
        why = "the database is away" if paused is None else "it is paused, or the broker refuses it"
        consumed = {queue.name for queue in consumer.task_consumer.queues}
        for queue in sorted(stopped & consumed):
            log.warning("no longer consuming %s: %s", queue, why)
            consumer.cancel_task_queue(queue)
        for queue in sorted(self._queues - stopped - consumed):
            log.info("consuming %s again", queue)
            consumer.add_task_queue(queue)
