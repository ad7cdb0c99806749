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
LONGEST_READ: Final = 5.0  # seconds; a database that takes longer for a small read hangs
_SQLITE: Final = ("BUSY", "LOCKED", "READONLY", "CANTOPEN", "IOERR", "FULL", "NOMEM")


class Watch:
    """Whether the database hung, in memory shared with the pool: no task can tell that from its own long work."""

    def __init__(self) -> None:
        self._times = memoryview(mmap.mmap(-1, 16)).cast("d")  # a read's start, and the end of the last that hung

    def begin(self) -> None:
        self._times[0] = time.monotonic()

    def end(self, *, failed: bool) -> None:
        if failed or self.hung():
            self._times[1] = time.monotonic()
        self._times[0] = 0.0

    def hung(self, *, within: float = 0.0) -> bool:
        """Whether it hangs now, or did within the last seconds."""
        now, (since, ended) = time.monotonic(), self._times
        return 0.0 < since < now - LONGEST_READ or ended > max(0.0, now - within)


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
    in the way. So are a full disk or memory, a connection that stays lost, and a time limit if the server hung in it.
    """
    for cause in causes_of(error):
        if is_read_only(cause):
            return True
        if isinstance(cause, SoftTimeLimitExceeded | TimeLimitExceeded):
            return watch.hung(within=settings.CONVEYOR_TASK_TIME_LIMIT)
        if isinstance(cause, OperationalError | InterfaceError):
            return _is_by_state(cause) or connection.connection is None or not connection.is_usable()
    return False


def _is_by_state(error: BaseException) -> bool:
    """By the error: the task may have connected anew. PostgreSQL's client gives no SQLSTATE, its server these."""
    if connection.vendor == "sqlite":
        return getattr(error.__cause__, "sqlite_errorname", "").removeprefix("SQLITE_").startswith(_SQLITE)
    state = getattr(error.__cause__, "sqlstate", "unknown")
    return not state or state.startswith(("08", "53", "57P", "58", "40001", "40P01"))
