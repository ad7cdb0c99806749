"""Flow control: what may be sent now. The ledger is the queue; the broker holds only what workers will take soon."""

import time

from kombu import Connection

from messaging.broker.inspect import depth
from messaging.conf import settings
from messaging.models import Cursor
from messaging.relay.lanes import in_flight
from messaging.topology import topology

_DRAINING = "draining queues"


class Flow:
    """Draining queues, and copies at the broker that the ledger does not count as in flight.

    Of a draining queue, which recovery waits to see empty, only urgent rows are sent. Copies that are not counted exist
    after a publication whose confirm was lost: its rows are due again, and the broker may have them. They take room
    until workers have consumed them.
    """

    def __init__(self, *, look_every: float) -> None:
        self._look_every = look_every
        self.draining: frozenset[str] = frozenset()
        self.surplus: dict[str, int] = {}
        self._next_look = 0.0
        self._in_doubt = True

    def doubt(self) -> None:
        """The broker may hold copies that the ledger does not count."""
        self._in_doubt = True
        self._next_look = 0.0

    def look(self, connection: Connection) -> None:
        """Read what drains, and the depths while in doubt, once per `look_every` seconds."""
        if time.monotonic() < self._next_look:
            return
        self.draining = draining()
        if self._in_doubt:
            self.surplus = _surplus(connection)
            self._in_doubt = bool(self.surplus)
        self._next_look = time.monotonic() + self._look_every


def draining() -> frozenset[str]:
    """Queues that the leading relay's recovery is draining."""
    return frozenset(Cursor.read(_DRAINING).get("queues", ()))


def drain(queues: frozenset[str]) -> None:
    """Tell every relay which queues to drain."""
    if queues != draining():
        Cursor.write(_DRAINING, {"queues": sorted(queues)})


def _surplus(connection: Connection) -> dict[str, int]:
    """Messages at the broker beyond those in flight. In flight is read last: what is settled meanwhile counts twice."""
    depths = {queue: depth(connection, queue) for queue in topology().queues}
    counted = in_flight(depths, limit=settings.CONVEYOR_IN_FLIGHT)
    return {queue: more for queue in depths if (more := depths[queue] - counted[queue]) > 0}
