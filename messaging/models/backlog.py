"""Backlog: what waits in the ledger, counted at a bounded cost.

One statement, whatever waits: counts end at `COUNTED`, and each lane's oldest message is one probe of the index on what
is due. Beside 1,000,000 due messages, new ones or older, it takes 10 to 35 ms on two busy cores (`bench/volume.py`).
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, Final

from django.db import connection, transaction

from messaging.models.message import Message
from messaging.topology import PRIORITIES, topology

#: No count goes beyond this number.
COUNTED: Final = 100_000
_LANE = "messaging_message WHERE state = 'pending' AND queue = lane.queue AND priority = lane.priority"
_LANES = f"""
WITH lane(queue, priority) AS (VALUES %s) SELECT NULL AS id, lane.queue AS queue, lane.priority AS priority,
(SELECT COUNT(*) FROM (SELECT 1 FROM {_LANE} AND available_at <= %%s ORDER BY available_at LIMIT %%s) AS counted)
AS waiting,
(SELECT COUNT(*) FROM (SELECT 1 FROM {_LANE} AND available_at > %%s ORDER BY available_at LIMIT %%s) AS counted)
AS scheduled,
(SELECT available_at FROM {_LANE} ORDER BY available_at LIMIT 1) AS available_at FROM lane
"""  # noqa: S608 - no input


@dataclass(slots=True)
class Backlog:
    """Pending messages of one queue: `waiting` are due, the oldest since `oldest`; `scheduled` are due later, and have
    the priorities `scheduled_lanes`. A count of `COUNTED` means that many or more.
    """

    waiting: int = 0
    scheduled: int = 0
    oldest: datetime | None = None
    scheduled_lanes: list[int] = field(default_factory=list)


def backlogs(*, now: datetime) -> dict[str, Backlog]:
    """The backlog of each queue of the topology."""
    lanes = [(queue, priority) for queue in topology().queues for priority in PRIORITIES]
    at = Message._meta.get_field("available_at").get_db_prep_value(now, connection)
    found: defaultdict[str, Backlog] = defaultdict(Backlog)
    lane: Any
    for lane in _read(_LANES % ", ".join(["(%s, %s)"] * len(lanes)), [*chain(*lanes), at, COUNTED, at, COUNTED]):
        backlog = found[lane.queue]
        backlog.waiting = min(COUNTED, backlog.waiting + lane.waiting)
        backlog.scheduled = min(COUNTED, backlog.scheduled + lane.scheduled)
        if lane.waiting:
            backlog.oldest = min(backlog.oldest or lane.available_at, lane.available_at)
        if lane.scheduled:
            backlog.scheduled_lanes.append(lane.priority)
    return found


@transaction.atomic
def _read(sql: str, parameters: list[Any]) -> list[Message]:
    """Not compiled just in time, which takes ten times as long, and no burst that is not vacuumed is read or sorted."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL jit = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    return list(Message.objects.raw(sql, parameters))


def dead_by_queue() -> dict[str, int]:
    """Dead messages of each queue, up to `COUNTED`."""
    return {queue: Message.objects.dead().filter(queue=queue).count_up_to(COUNTED) for queue in topology().queues}
