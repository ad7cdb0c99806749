"""Tasks without the ledger, as in tutorials: effects only, retried by Celery, run again by every duplicate delivery."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Task
from celery.exceptions import Retry

from messaging import outbox
from messaging.circuit_breaker import CircuitOpen
from messaging.worker.admission import HEADER
from messaging.worker.task import ReliableTask


class DirectTask(ReliableTask):
    """What `reliable_task` makes while `CONVEYOR_PUBLISH` bypasses the ledger. A failure is filed as a stray."""

    abstract = True
    apply_async = Task.apply_async
    replayed_from = 0

    def _is_in_ledger(self, data: dict[str, Any], *, version: int) -> bool:
        return True

    def _look_up(self, id_: uuid.UUID) -> None:
        """There is nothing to look up."""

    @contextmanager
    def complete(self) -> Iterator[None]:
        with outbox.transaction():
            yield
        self.request.completed = True

    def retry(self, *args: Any, **options: Any) -> Retry:
        """Celery's own: a copy of the message, which a worker holds until it is due."""
        return Task.retry(self, *args, **options, headers={HEADER: self.request.get(HEADER)})

    def _defer(self, error: CircuitOpen) -> Retry:
        return self.retry(exc=error, countdown=error.seconds, throw=False)
