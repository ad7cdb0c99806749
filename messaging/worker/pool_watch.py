"""Pool watch: ends a worker whose pool no longer takes tasks, so that its supervisor starts it again.

A pool process that dies while it starts can leave Celery's pool waiting for it. The worker then holds its messages
without ever running them; when it exits, they return to the broker.
"""

import os
import threading
import time
from typing import Any

from celery import bootsteps
from celery.concurrency.prefork import TaskPool
from celery.utils.log import get_logger
from celery.worker import state
from celery.worker.consumer.tasks import Tasks

log = get_logger(__name__)
CHECK_EVERY = 5.0
#: Time limits without a start or an end of any task, while one waits, after which the pool is taken to be stuck.
LIMITS = 2
MARGIN = 30.0
EXIT_WITHIN = 30.0


class WatchPool(bootsteps.StartStopStep):
    """Only of pools with time limits: anywhere else a task may rightly run for hours while another waits."""

    requires = (Tasks,)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._seen: object = None
        self._since = time.monotonic()
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        if isinstance(consumer.pool, TaskPool):
            self._seen = None
            self._timer = consumer.timer.call_repeatedly(CHECK_EVERY, lambda: self.check(patience_of(consumer)))

    def stop(self, consumer: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    terminate = stop

    def check(self, patience: float | None) -> None:
        """Ends the worker if a task has waited for `patience` seconds in which no task started or ended."""
        waiting = frozenset(id(request) for request in state.reserved_requests if request.time_start is None)
        seen = (waiting, frozenset(id(request) for request in state.active_requests), state.all_total_count[0])
        now = time.monotonic()
        if seen != self._seen or not waiting:
            self._seen, self._since = seen, now
        elif patience is not None and now - self._since > patience:
            log.critical("the pool has taken no task for %.0f s while %s waited; exiting", patience, len(waiting))
            end_worker()


def patience_of(consumer: Any) -> float | None:
    """Seconds, by the limits in force: those of the command line and of remote control too. None: a task has none."""
    default = consumer.controller.time_limit
    limits = [task.time_limit or default for task in consumer.app.tasks.values()]
    return LIMITS * max(limits) + MARGIN if limits and all(limits) else None


def end_worker() -> None:
    """Cold shutdown; if the pool does not let go of its processes either, exit without it."""
    state.should_terminate = os.EX_SOFTWARE
    last_resort = threading.Timer(EXIT_WITHIN, os._exit, (os.EX_SOFTWARE,))
    last_resort.daemon = True
    last_resort.start()
