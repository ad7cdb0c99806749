"""Lanes: the pending rows of one queue at one priority, and how many more rows each queue may have in flight.

Raw SQL, because one statement answers for all lanes with one index probe each; the ORM would need one statement a lane.
Measured by bench/claim.py.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from django.db import connection

from messaging.conf import settings
from messaging.topology import Priority, topology

PRIORITIES: Final = tuple(sorted(Priority, reverse=True))
_SECONDS: Final = {
    "postgresql": "EXTRACT(EPOCH FROM m.available_at - STATEMENT_TIMESTAMP())",
    "sqlite": "(JULIANDAY(m.available_at) - JULIANDAY('now')) * 86400",
}


@dataclass(frozen=True)
class Lane:
    """`seconds` until its first row is due; negative since it is."""

    queue: str
    priority: int
    seconds: float

    @property
    def is_due(self) -> bool:
        return self.seconds <= 0

    @property
    def has_aged(self) -> bool:
        """Its first row has been due for longer than `CONVEYOR_MAX_WAIT`, and others overtake it."""
        return self.priority < Priority.HIGH and -self.seconds > settings.CONVEYOR_MAX_WAIT


def pending_lanes(*, paused: Collection[str] = ()) -> list[Lane]:
    """The lanes of open queues that have a pending row, most urgent first. Takes no lock."""
    lanes = [(queue, int(priority)) for priority in PRIORITIES for queue in topology().queues if queue not in paused]
    if not lanes:
        return []
    sql = f"""
        WITH lane(queue, priority) AS (VALUES {", ".join(["(%s, %s)"] * len(lanes))})
        SELECT queue, priority, (
            SELECT {_SECONDS[connection.vendor]} FROM messaging_message m
            WHERE m.state = 'pending' AND m.queue = lane.queue AND m.priority = lane.priority
            ORDER BY m.available_at LIMIT 1
        ) FROM lane
    """  # noqa: S608 - no value is interpolated
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for lane in lanes for value in lane])
        return [Lane(queue, priority, float(wait)) for queue, priority, wait in cursor.fetchall() if wait is not None]


def in_flight(queues: Collection[str], *, limit: int) -> dict[str, int]:
    """Rows of each queue that are sent and not settled, counted up to `limit`."""
    if not queues:
        return {}
    sql = f"""
        WITH open(queue) AS (VALUES {", ".join(["(%s)"] * len(queues))})
        SELECT queue, (
            SELECT COUNT(*) FROM (
                SELECT 1 FROM messaging_message m WHERE m.state = 'sent' AND m.queue = open.queue LIMIT %s
            ) AS sent
        ) FROM open
    """  # noqa: S608 - no value is interpolated
    with connection.cursor() as cursor:
        cursor.execute(sql, [*queues, limit])
        return dict(cursor.fetchall())


def room(queues: Collection[str], *, surplus: Mapping[str, int]) -> dict[str, int]:
    """How many more rows of each queue may be sent, up to `CONVEYOR_IN_FLIGHT`.

    `surplus`: copies at the broker beyond those in flight, such as those of a publication that was never confirmed.
    """
    limit = settings.CONVEYOR_IN_FLIGHT
    counts = in_flight(queues, limit=limit)
    return {queue: max(0, limit - counts[queue] - surplus.get(queue, 0)) for queue in queues}
