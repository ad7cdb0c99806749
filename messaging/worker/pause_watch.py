"""Pause watch: workers stop consuming paused queues and start again after a resume.

Each worker reads the pauses once a second. A broadcast would need the broker and reach only the workers connected at
that moment; the table also reaches one that restarted or was disconnected.
"""

import logging
import threading
from typing import Any

from celery import bootsteps
from celery.worker.consumer.tasks import Tasks
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from messaging import pauses

log = logging.getLogger(__name__)
READ_EVERY = 1.0
APPLY_EVERY = 0.5
FIRST_READ_WITHIN = 5.0


class PauseReader(threading.Thread):
    """Reads the pauses in a thread of its own, so that a hung database does not stop the worker's heartbeats.

    `paused` is None until the first successful read, and keeps the last result after that.
    """

    def __init__(self, *, every: float = READ_EVERY) -> None:
        super().__init__(name="queue-pauses", daemon=True)
        self.paused: frozenset[str] | None = None
        self.has_read = threading.Event()
        self._every, self._stopping = every, threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            self.read()
            self._stopping.wait(self._every)
        connection.close()

    def stop(self) -> None:
        self._stopping.set()

    def read(self) -> None:
        try:
            close_old_connections()
            self.paused = pauses.paused()
        except (DatabaseError, InterfaceError) as error:
            log.info("cannot read queue pauses: %s", error)
        if connection.vendor == "sqlite":
            connection.close()  # a process that forks must not hold SQLite's files open
        self.has_read.set()


class ApplyPauses(bootsteps.StartStopStep):
    """Cancels consumption of paused queues and resumes it later. Tasks that have started run to their end.

    Until the first successful read nothing is consumed: without the database no task can succeed anyway.
    """

    requires = (Tasks,)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._queues = frozenset(consumer.app.amqp.queues.consume_from)
        self._cancelled: frozenset[str] = frozenset()
        self._reader: PauseReader | None = None
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        """Runs before the first consumption, and again after every reconnect."""
        if self._reader is None:
            self._reader = PauseReader()
            self._reader.start()
        self._reader.has_read.wait(FIRST_READ_WITHIN)
        self._cancel_paused(consumer)
        self._timer = consumer.timer.call_repeatedly(APPLY_EVERY, self._apply, (consumer,))

    def stop(self, consumer: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def terminate(self, consumer: Any) -> None:
        self.stop(consumer)

    def _apply(self, consumer: Any) -> None:
        self._cancel_paused(consumer)
        for queue in sorted(self._cancelled - self._paused()):
            log.info("%s is resumed; consuming it again", queue)
            consumer.add_task_queue(queue)
        self._cancelled = self._paused()

    def _cancel_paused(self, consumer: Any) -> None:
        for queue in sorted(self._paused() - self._cancelled):
            log.warning("%s is paused; no longer consuming it", queue)
            consumer.cancel_task_queue(queue)
        self._cancelled |= self._paused()

    def _paused(self) -> frozenset[str]:
        """Queues of this worker that must not be consumed."""
        paused = self._reader.paused if self._reader else frozenset()
        return self._queues if paused is None else self._queues & paused
