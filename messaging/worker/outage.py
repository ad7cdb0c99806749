"""Database outages as a task sees them: the message goes to the dead-letter queue, and no attempt is spent.

A relay defers it as soon as the database is back. Anything else would spend an attempt on a failure of the database.
"""

import logging
import mmap
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from celery.exceptions import Reject, SoftTimeLimitExceeded, TimeLimitExceeded
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from messaging.broker.database import is_read_only
from messaging.conf import settings
from messaging.worker.time_limits import causes_of

log = logging.getLogger(__name__)
#: Seconds that the database may take for a small read; after that it hangs.
LONGEST_READ: Final = 5.0


class Watch:
    """Whether the database hangs, in memory that a worker shares with its pool. `pause_watch` reads once a second.

    A task cannot tell a database that hung from work that took too long, least of all once it answers again.
    """

    def __init__(self) -> None:
        """With the times since when a read waits, and when the last one ended that failed or took too long."""
        self._times = memoryview(mmap.mmap(-1, 16)).cast("d")

    @contextmanager
    def read(self) -> Iterator[None]:
        began = self._times[0] = time.monotonic()
        is_prompt = False
        try:
            yield
            is_prompt = time.monotonic() - began < LONGEST_READ
        finally:
            if not is_prompt:
                self._times[1] = time.monotonic()
            self._times[0] = 0.0

    @property
    def hangs(self) -> bool:
        return 0.0 < self._times[0] < time.monotonic() - LONGEST_READ

    def hung(self, *, within: float) -> bool:
        """Whether it hangs, or failed to answer within the last seconds."""
        return self.hangs or self._times[1] > max(0.0, time.monotonic() - within)


watch = Watch()


@contextmanager
def ledger_write() -> Iterator[None]:
    """Raises Celery's `Reject`, to the dead-letter queue, if the ledger cannot be read or written inside."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        raise given_back(error) from error


def given_back(error: BaseException | None) -> Reject:
    """What to raise for a delivery that no outcome can be recorded of. The connection is dropped; it may be broken."""
    if not connection.in_atomic_block:
        with suppress(Exception):
            connection.close()
    log.warning("the database failed; message given back without an attempt: %s", str(error).strip()[:500])
    return Reject(f"the database failed: {type(error).__name__}", requeue=False)


def is_outage(error: BaseException | None) -> bool:
    """Whether `error`, or what caused it, is the database's failure and not the task's. A missing table is the task's.

    A read-only session is one, too: the failover that made it so may be over by the time the failure is recorded. So is
    SQLite's file locked for longer than the timeout, a deadlock, and a serialization failure: other transactions were
    in the way. So are a full disk or memory, and a time limit if the server hung within the last one.
    """
    for cause in causes_of(error):
        if is_read_only(cause):
            return True
        if isinstance(cause, SoftTimeLimitExceeded | TimeLimitExceeded):
            return watch.hung(within=settings.CONVEYOR_TASK_TIME_LIMIT)
        if isinstance(cause, OperationalError | InterfaceError):
            return _is_by_state(cause) or not _answers()
    return False


def _is_by_state(error: BaseException) -> bool:
    """By the error: the task may have connected anew. PostgreSQL's client gives no SQLSTATE, its server these."""
    if connection.vendor == "sqlite":
        return "locked" in str(error)
    state = getattr(error.__cause__, "sqlstate", "unknown")
    return not state or state.startswith(("08", "53", "57P", "58", "40001", "40P01"))


def _answers() -> bool:
    """Whether the connection on which the error occurred still works: a connection that was lost stays so."""
    return connection.connection is not None and connection.is_usable()
