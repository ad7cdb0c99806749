"""Flow control: what may be sent now. The ledger is the queue; the broker holds only what workers will take soon."""

import hashlib
import logging
import time
from collections.abc import Collection

from celery import current_app
from kombu import Connection

from messaging.broker import refusals
from messaging.broker.inspect import depth
from messaging.conf import settings
from messaging.models import Cursor
from messaging.relay.lanes import Lane, in_flight
from messaging.topology import Priority, topology

log = logging.getLogger(__name__)
_DRAINING = "draining queues"


class Flow:
    """Refused and draining queues, and copies at the broker that the ledger does not count as in flight.

    Copies that are not counted exist after a publication whose confirm was lost: its rows are due again, and the broker
    may have them. They take room until workers have consumed them.
    """

    def __init__(self, *, look_every: float) -> None:
        self._look_every = look_every
        self.draining: frozenset[str] = frozenset()
        self.refused: dict[str, str] = {}
        self.surplus: dict[str, int] = {}
        self._next_look = 0.0
        self._in_doubt = True

    def admits(self, lane: Lane) -> bool:
        """Only urgent rows of a queue that recovery waits to see empty, and none of one that the broker refuses."""
        is_open = lane.priority == Priority.HIGH or lane.queue not in self.draining
        return is_open and lane.queue not in self.refused

    def doubt(self) -> None:
        """The broker may hold copies that the ledger does not count."""
        self._in_doubt = True
        self._next_look = 0.0

    def look(self, connection: Connection) -> None:
        """Read what is refused, what drains, and the depths while in doubt, once per `look_every` seconds."""
        if time.monotonic() < self._next_look:
            return
        self.draining, known, self.refused = draining(), self.refused, refused()
        for queue in self.refused.keys() - known:
            log.error("relay sends nothing to %s: %s; its messages stay in the ledger", queue, self.refused[queue])
        for queue in known.keys() - self.refused:
            log.info("relay sends to %s again", queue)
        if self._in_doubt:
            self.surplus = _surplus(connection, topology().queues.keys() - self.refused)
            self._in_doubt = bool(self.surplus)
        self._next_look = time.monotonic() + self._look_every


def draining() -> frozenset[str]:
    """Queues that the leading relay's recovery is draining."""
    return frozenset(Cursor.read(_DRAINING).get("queues", ()))


def drain(queues: frozenset[str]) -> None:
    """Tell every relay which queues to drain."""
    if queues != draining():
        Cursor.write(_DRAINING, {"queues": sorted(queues)})


def refused() -> dict[str, str]:
    """Why the broker refuses a queue, by queue, as the relay found that was the last to declare them."""
    return Cursor.read(refusals_of())


def refusals_of() -> str:
    """The cursor of this configuration: what is refused to a relay with another one stops that relay alone."""
    configuration = f"{current_app.connection_for_write().as_uri()} {topology()}"
    return f"refused queues {hashlib.sha256(configuration.encode()).hexdigest()[:16]}"


def declare(connection: Connection) -> int:
    """Declare the topology, for every relay and page to know what is refused. Returns how many queues are.

    Raises the refusal if the broker refuses all of them.
    """
    errors = topology().declare(connection)
    found = {queue: refusals.explain(error) for queue, error in errors.items()}
    if found != refused():
        Cursor.write(refusals_of(), found)
    if len(errors) == len(topology().queues):
        raise next(iter(errors.values()))
    return len(errors)


def _surplus(connection: Connection, queues: Collection[str]) -> dict[str, int]:
    """Messages at the broker beyond those in flight. In flight is read last: what is settled meanwhile counts twice."""
    depths = {queue: depth(connection, queue) for queue in queues}
    counted = in_flight(depths, limit=settings.CONVEYOR_IN_FLIGHT)
    return {queue: more for queue in depths if (more := depths[queue] - counted[queue]) > 0}
