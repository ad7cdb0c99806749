"""How does a worker learn that it must not consume a paused queue, and that it may go on?

It reads the pauses itself, once a second. A broadcast to the workers would reach only those that run and are connected
at that moment, and needs the broker; the table also reaches a worker that was restarted or cut off.
"""

import logging
import threading
from typing import Any

from celery import bootsteps
from celery.worker.consumer.tasks import Tasks
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from messaging import pauses

log = logging.getLogger(__name__)
LOOK_EVERY = 1.0
APPLY_EVERY = 0.5
FIRST_LOOK_WITHIN = 5.0


class Watch(threading.Thread):
    """Looks in a thread of its own, since a database that hangs must not stop the worker's heartbeats.

    `paused` is None until the first look succeeded. After that it keeps what was read last.
    """

    def __init__(self, *, every: float = LOOK_EVERY) -> None:
        super().__init__(name="queue-pauses", daemon=True)
        self.paused: frozenset[str] | None = None
        self._every = every
        self._looked, self._ending = threading.Event(), threading.Event()

    def run(self) -> None:
        while not self._ending.is_set():
            self._look()
            self._looked.set()
            self._ending.wait(self._every)
        connection.close()

    def end(self) -> None:
        self._ending.set()

    def wait(self, seconds: float) -> None:
        """Until the first look is over, whatever it brought."""
        self._looked.wait(seconds)

    def _look(self) -> None:
        try:
            close_old_connections()
            self.paused = pauses.paused()
        except (DatabaseError, InterfaceError) as error:
            log.info("the pauses of queues cannot be read: %s", error)
        if connection.vendor == "sqlite":
            connection.close()  # SQLite's files must not be open in a process that forks.


class HonourPauses(bootsteps.StartStopStep):
    """Stops consuming what is paused, and goes on with it later. Tasks that have begun come to their end.

    While nobody knows what is paused nothing is consumed: without the database no task could succeed anyway.
    """

    requires = (Tasks,)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._mine = frozenset(consumer.app.amqp.queues.consume_from)
        self._held: frozenset[str] = frozenset()
        self._watch: Watch | None = None
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        """Before the worker consumes for the first time, and again after each lost connection."""
        if self._watch is None:
            self._watch = Watch()
            self._watch.start()
        self._watch.wait(FIRST_LOOK_WITHIN)
        self._hold(consumer)
        self._timer = consumer.timer.call_repeatedly(APPLY_EVERY, self._apply, (consumer,))

    def stop(self, consumer: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def terminate(self, consumer: Any) -> None:
        self.stop(consumer)

    def _apply(self, consumer: Any) -> None:
        self._hold(consumer)
        for queue in sorted(self._held - self._wanted()):
            log.info("%s is no longer paused; this worker consumes it", queue)
            consumer.add_task_queue(queue)
        self._held = self._wanted()

    def _hold(self, consumer: Any) -> None:
        for queue in sorted(self._wanted() - self._held):
            log.warning("%s is paused; this worker does not consume it", queue)
            consumer.cancel_task_queue(queue)
        self._held |= self._wanted()

    def _wanted(self) -> frozenset[str]:
        paused = self._watch.paused if self._watch else frozenset()
        return self._mine if paused is None else self._mine & paused
