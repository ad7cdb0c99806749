"""Database outages as visitors meet them: 503 and when to come back, bounded waits for locks, one line in the log."""

import logging
import math
import time
from typing import Any, Final, TypeVar

from django.db.backends.signals import connection_created
from django.http import HttpResponseBase

from messaging.worker import outage
from messaging.worker.time_limits import causes_of

log = logging.getLogger(__name__)
#: Seconds after which a client may try again.
RETRY_AFTER: Final = 10
#: Seconds that a request waits for a lock. A web process has four threads: those that wait for a table that a session
#: of an operator has locked would be all of them, and no page would be served.
LOCK_SECONDS: Final = 5
LOG_EVERY: Final = 60.0
#: SQLSTATE of a lock that was not granted in time, and of a statement that exceeded its time limit.
_TIMED_OUT: Final = frozenset({"55P03", "57014"})
Response = TypeVar("Response", bound=HttpResponseBase)


def is_outage(error: BaseException | None) -> bool:
    """Whether the database, not the request, is to blame: it is away, takes no writes, or others were in the way."""
    return outage.is_outage(error) or any(getattr(cause, "sqlstate", "") in _TIMED_OUT for cause in causes_of(error))


class Reports:
    """Logs outages: of many requests that meet one, only the first in `LOG_EVERY` seconds."""

    def __init__(self) -> None:
        self.last_at = -math.inf

    def add(self, error: BaseException, path: str) -> None:
        if time.monotonic() - self.last_at < LOG_EVERY:
            return
        self.last_at = time.monotonic()
        reason = " ".join(str(error).split())[:300]
        log.error("The database is not available; requests are answered by 503, such as %s: %s", path, reason)


reports = Reports()


def quiet(response: Response) -> Response:
    """Keeps Django from logging the response a second time."""
    vars(response)["_has_been_logged"] = True
    return response


def bound_locks() -> None:
    """From now on, no connection of this process waits longer than `LOCK_SECONDS` for a lock. SQLite has a bound."""
    connection_created.connect(_bound, dispatch_uid="shop.site.database_outage")


def _bound(connection: Any, **_sent: Any) -> None:
    if connection.vendor == "postgresql":
        connection.connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
