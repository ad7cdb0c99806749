"""Chores: dead letters, recovery and the like, in a thread of their own, so that sending never waits for them.

One relay at a time does them: on PostgreSQL the one that holds an advisory lock, on SQLite whichever may write. The
server ends the session of a leader that is silent, such as a suspended process or a host without power.
Whatever one chore raises, the others are done.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from celery import Celery
from django.db import DatabaseError, InterfaceError, connection
from kombu import Connection
from kombu.exceptions import OperationalError

from messaging import circuit_breaker
from messaging.broker import refusals
from messaging.relay import flow, publish, unknown_tasks, unroutable
from messaging.relay.dead_letters import file_dead_letters
from messaging.relay.recovery import Recovery

log = logging.getLogger(__name__)
LEADER_LOCK: Final = 0x43484F52  # "CHOR"
STOP_SECONDS = 10.0
DECLARE_EVERY, ASK_EVERY = 60.0, 5.0  # the second while the broker refuses a queue
LOOK_EVERY = 30.0
#: A chore waits for a hung broker for less than this between two statements.
SILENT_SECONDS = 60
_LEAD_SQL: Final = (
    "SELECT set_config('idle_session_timeout', %s, false), "
    "set_config('idle_in_transaction_session_timeout', %s, false), pg_try_advisory_lock(%s)"
)


class Seldom:
    """A chore that is done once per `LOOK_EVERY` seconds, however often it is called."""

    def __init__(self, chore: Callable[[], int]) -> None:
        self._chore, self._next_look = chore, 0.0

    def __call__(self) -> int:
        if time.monotonic() < self._next_look:
            return 0
        self._next_look = time.monotonic() + LOOK_EVERY
        return self._chore()


class Chores(threading.Thread):
    """`broker_is_up` is cleared by the relay while it waits for the broker, so that an outage is logged once."""

    def __init__(self, app: Celery, *, every: float) -> None:
        super().__init__(name="relay-chores", daemon=True)
        self._app, self._every = app, every
        self._stopping, self.broker_is_up = threading.Event(), threading.Event()
        self.broker_is_up.set()
        self._broker: Connection | None = None
        self._leading_on: Any = None
        self._recovery = Recovery()
        self._settle, self._revive = Seldom(unroutable.settle), Seldom(unknown_tasks.revive_known)
        self._failing: dict[str, str] = {}
        self._next_declaration = 0.0

    def stop(self) -> None:
        self._stopping.set()
        if self.is_alive():
            self.join(STOP_SECONDS)

    def run(self) -> None:
        while not self._stopping.is_set():
            self.round()
            self._stopping.wait(self._every)
        self._disconnect()
        connection.close()

    def round(self) -> None:
        """Do every chore once if this relay is the leader. Never raises."""
        if self._attempt("leader", self._leads):
            for name, chore in self._chores():
                if not self._stopping.is_set():
                    self._attempt(name, chore)
            if self._leading_on and not self.broker_is_up.is_set():
                connection.close()  # another relay may have the lock, and do what needs the broker

    def _chores(self) -> list[tuple[str, Callable[[], Any]]]:
        at_the_broker: list[tuple[str, Callable[[], Any]]] = [
            ("topology", self._declare),
            ("dead letters", lambda: file_dead_letters(self._link(), self._app)),
            ("recovery", lambda: self._recovery.run(self._link(), self._app)),
        ]
        return [
            *(at_the_broker if self.broker_is_up.is_set() else ()),
            ("draining", lambda: flow.drain(self._recovery.draining)),
            ("release of deferred messages", circuit_breaker.release_waiting),
            ("messages without a queue", self._settle),
            ("messages of unknown tasks", self._revive),
        ]

    def _attempt(self, name: str, chore: Callable[[], Any]) -> Any:
        """The chore's result, None if it failed; logged once for each error, not once a second."""
        try:
            result = chore()
        except Exception as error:
            refusal = refusals.refusal(error)
            text = refusal or f"{type(error).__name__}: {error}".strip()
            if text not in self._failing.values():
                is_outage = refusal or isinstance(error, (DatabaseError, InterfaceError, OperationalError, OSError))
                log.warning("relay chore %r failed and is repeated: %s", name, text, exc_info=not is_outage)
            self._failing[name] = text
            self._disconnect()
            connection.close_if_unusable_or_obsolete()
            return None
        if self._failing.pop(name, None):
            log.info("relay chore %r works again", name)
        return result

    def _leads(self) -> bool:
        """Whether this relay does the chores. The lock belongs to the connection and is lost with it."""
        connection.ensure_connection()
        if connection.vendor != "postgresql" or self._leading_on is connection.connection:
            return True
        with connection.cursor() as cursor:
            cursor.execute(_LEAD_SQL, [f"{SILENT_SECONDS}s", f"{SILENT_SECONDS}s", LEADER_LOCK])
            leads = bool(cursor.fetchone()[2])
        self._leading_on = connection.connection if leads else None
        return leads

    def _declare(self) -> None:
        """What somebody deletes at the broker is missed for a minute at most; messages rejected meanwhile come back."""
        if time.monotonic() >= self._next_declaration:
            is_refused = flow.declare(self._link())
            self._next_declaration = time.monotonic() + (ASK_EVERY if is_refused else DECLARE_EVERY)

    def _link(self) -> Connection:
        if self._broker is None:
            self._broker = publish.connect(self._app).connection
        return self._broker

    def _disconnect(self) -> None:
        broker, self._broker = self._broker, None
        if broker is not None:
            publish.drop(broker)
