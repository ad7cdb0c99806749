"""Lanes: the pending rows of one queue at one priority, and how many more rows each queue may have in flight.

Raw SQL: one statement probes the index once for each lane; the ORM would need one statement a lane (bench/claim.py).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection

from messaging import clock
from messaging.conf import settings
from messaging.topology import PRIORITIES, Priority, topology


@dataclass(frozen=True)
class Lane:
    """`first` is when its first row is due, `now` the database's time at the look."""

    queue: str
    priority: int
    first: datetime
    now: datetime

    @property
    def seconds(self) -> float:
        """Seconds until a row is due; negative since one is."""
        return (self.first - self.now).total_seconds()

    @property
    def is_due(self) -> bool:
        return self.first <= self.now

    @property
    def has_aged(self) -> bool:
        """Its first row has been due for longer than `CONVEYOR_MAX_WAIT`, and others overtake it."""
        return self.priority < Priority.HIGH and -self.seconds > settings.CONVEYOR_MAX_WAIT


def pending_lanes() -> list[Lane]:
    """The lanes that have a pending row and are not paused, most urgent first. Takes no lock."""
    lanes = [(queue, int(priority)) for priority in PRIORITIES for queue in topology().queues]
    now, moment = clock.in_sql()
    sql = f"""
        WITH lane(queue, priority) AS (VALUES {", ".join(["(%s, %s)"] * len(lanes))})
        SELECT queue, priority, (
            SELECT m.available_at FROM messaging_message m
            WHERE m.state = 'pending' AND m.queue = lane.queue AND m.priority = lane.priority
            ORDER BY m.available_at LIMIT 1
        ), {now} FROM lane
        WHERE NOT EXISTS (
            SELECT 1 FROM messaging_queuepause p
            WHERE p.queue = lane.queue AND (p.resumed_at IS NULL OR p.resumed_at > {now})
        )
    """  # noqa: S608 - no value is interpolated
    with connection.cursor() as cursor:
        cursor.execute(sql, [*(value for lane in lanes for value in lane), *moment, *moment])
        found = [row for row in cursor.fetchall() if row[2] is not None]
    return [Lane(queue, priority, moment_of(first), moment_of(at)) for queue, priority, first, at in found]


def moment_of(value: datetime | str) -> datetime:
    """SQLite keeps times in UTC, as text or without a zone."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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


@dataclass
class Room:
    """How many more rows of a queue may be sent, when `taken` are in flight.

    Each priority leaves a tenth of `CONVEYOR_IN_FLIGHT` to the one above, so that urgent rows find room at any time.
    """

    taken: int

    def of(self, priority: int) -> int:
        reserved = sum(other > priority for other in PRIORITIES) / 10
        return max(0, max(1, int(settings.CONVEYOR_IN_FLIGHT * (1 - reserved))) - self.taken)


def rooms(queues: Collection[str], *, surplus: Mapping[str, int]) -> dict[str, Room]:
    """The room of each queue.

    `surplus`: copies at the broker beyond those in flight, such as those of a publication that was never confirmed.
    """
    counts = in_flight(queues, limit=settings.CONVEYOR_IN_FLIGHT)
    return {queue: Room(counts[queue] + surplus.get(queue, 0)) for queue in queues}
