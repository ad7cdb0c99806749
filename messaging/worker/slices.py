"""Slices: long periodic work as a chain of short messages.

A slice works for a fifth of the time limit, in short transactions, and enqueues the next slice in the transaction of
its own completion. A worker that dies thus loses at most the progress of one slice. All slices of a run are messages of
one task, so the scheduler starts no second run meanwhile.
"""

import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet

from messaging import outbox
from messaging.conf import settings
from messaging.models import Message
from messaging.payloads import Payload
from messaging.topology import Priority
from messaging.worker.task import ReliableTask

#: Rows of one statement or transaction.
ROWS = 1000
_SHARE_OF_TIME_LIMIT = 0.2
#: The usual pause after each step, as a multiple of its duration: it leaves the database to the pipeline.
PAUSE = 3.0


def delete_some(rows: QuerySet[Any], *, limit: int = ROWS) -> int:
    """Delete up to `limit` rows that no other row refers to, without loading them. Returns how many."""
    ids = list(rows.values_list("pk", flat=True)[:limit])
    delete_by(rows.model, column=rows.model._meta.pk.attname, values=ids)
    return len(ids)


def delete_by(model: type[Model], *, column: str, values: Collection[Any]) -> None:
    """Delete the rows whose `column` is one of `values`, in one statement and without loading them.

    PostgreSQL gets them as one array, which takes it half the time of 1,000 placeholders.
    """
    if values and connection.vendor == "postgresql":
        table, name = map(connection.ops.quote_name, (model._meta.db_table, column))
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE {name} = ANY(%s)", [list(values)])  # noqa: S608 - no input
    elif values:
        found = model._default_manager.filter(**{f"{column}__in": values})
        found._raw_delete(found.db)


class Slice:
    """One slice of `task`. It stops if a newer run exists, as after an operator's retry: that one continues."""

    def __init__(self, task: ReliableTask) -> None:
        self._task = task
        newer = Message.objects.live().filter(task=task.name, pk__gt=uuid.UUID(task.request.id))
        self._is_superseded = newer.exists()
        self._has_worked = self._is_cut = False
        self._end = time.monotonic() + settings.CONVEYOR_TASK_TIME_LIMIT * _SHARE_OF_TIME_LIMIT

    @property
    def is_done(self) -> bool:
        """Whether every loop so far ended because nothing was left, not because time was up."""
        return not self._is_cut

    def repeat(self, step: Callable[[], int], *, pause: float = PAUSE) -> int:
        """Call `step`, which returns how many rows it handled, until there are none or time is up. Returns the sum.

        `pause` is a multiple of the step's duration. Each slice does at least one step, so that every run ends.
        """
        total = 0
        while not self._is_superseded and (not self._has_worked or time.monotonic() < self._end):
            began = time.monotonic()
            if not (handled := step()):
                return total
            total += handled
            self._has_worked = True
            now = time.monotonic()
            time.sleep(max(0.0, min(pause * (now - began), self._end - now)))
        self._is_cut = True
        return total

    @contextmanager
    def complete(self, following: Payload | None) -> Iterator[None]:
        """`ReliableTask.complete()`, which also enqueues the `following` slice; None: nothing is left."""
        with self._task.complete():
            yield
            if following is not None and not self._is_superseded:
                outbox.enqueue(following, priority=Priority.LOW)

    def finish(self, payload: Payload) -> None:
        """Complete a slice whose steps committed their own effects; `payload` follows unless all is done."""
        with self.complete(None if self.is_done else payload):
            pass
