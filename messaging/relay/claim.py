"""Claims: which due rows a relay publishes. Concurrent relays never claim the same row, nor more than the bound.

Each queue has at most `CONVEYOR_IN_FLIGHT` rows in flight; claims take turns, so that two relays cannot fill the same
room. Most urgent first, but a tenth of each claim is for rows that others have overtaken for `CONVEYOR_MAX_WAIT`:
they are published with the highest priority. Times are the database's.

A claim returns plain rows: model instances with decoded payloads cost more than half of the UPDATE (bench/claim.py).
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from messaging import clock
from messaging.conf import settings
from messaging.models import Message, State
from messaging.relay.lanes import Lane, Room, moment_of, pending_lanes, rooms
from messaging.topology import MAX_PRIORITY, Priority

#: Share of a claim for rows that have waited too long.
AGED_SHARE = 10
#: Of this process, by queue and priority: rows of past claims that did not make up a whole share.
_carried: dict[tuple[str, int], int] = {}
_CLAIM_LOCK: Final = 0x434C494D  # "CLIM"
#: A relay that is stopped in the middle of a claim must not keep the others waiting. Statistics that are older than a
#: burst must not make PostgreSQL sort what the index has in order.
_LOCK_SQL: Final = """
    SELECT set_config('idle_in_transaction_session_timeout', '5s', true), set_config('enable_sort', 'off', true),
        pg_advisory_xact_lock(%s)
"""
_COLUMNS: Final = (
    "id, task, queue, routing_key, priority, payload, schema_version, attempts - replayed_from, sends, subject, "
    "correlation_id, causation_id, traceparent, available_at, is_promoted, created_at"
)
#: `ARRAY(…)` is evaluated once; as a plain subquery it could be evaluated again and lock more rows than the limit.
_ROWS: Final = {"postgresql": "id = ANY(ARRAY({due} FOR UPDATE SKIP LOCKED))", "sqlite": "id IN ({due})"}
_DUE: Final = """
    SELECT id FROM messaging_message
    WHERE state = 'pending' AND queue = %s AND priority = %s AND available_at <= %s
    ORDER BY available_at LIMIT %s"""


@dataclass(slots=True)
class Claimed:
    """A row of the ledger as it is published; `payload` is JSON, all else as in `Message`."""

    pk: uuid.UUID
    task: str
    queue: str
    routing_key: str
    priority: int
    payload: str
    schema_version: int
    retries: int
    sends: int
    subject: str
    correlation_id: uuid.UUID
    causation_id: uuid.UUID | None
    traceparent: str
    available_at: datetime
    is_promoted: bool
    created_at: datetime

    @property
    def publish_priority(self) -> int:
        return MAX_PRIORITY if self.is_promoted else self.priority


def claim(
    *, limit: int, admits: Callable[[Lane], bool] = bool, surplus: Mapping[str, int] | None = None
) -> list[Claimed]:
    """Mark up to `limit` due rows as sent and commit that. Returns them, most urgent first.

    Nothing of paused queues is claimed, nor of lanes that `admits` says no to. `surplus`: see `lanes.rooms`.
    """
    due = [lane for lane in pending_lanes() if lane.is_due and admits(lane)]
    if not due:
        return []
    with transaction.atomic():
        _take_turns()
        room = rooms({lane.queue for lane in due}, surplus=surplus or {})
        rows: list[Claimed] = []
        for lane in filter(lambda lane: lane.has_aged, due):
            rows += _claim_aged(lane, room[lane.queue], limit - len(rows))
        for lane in due:
            rows += _claim_lane(lane, room[lane.queue], limit - len(rows))
    return sorted(rows, key=lambda row: (-row.publish_priority, row.available_at, row.pk))


def unclaim(ids: Iterable[uuid.UUID], *, delay: float) -> int:
    """Make unconfirmed rows due again after `delay` seconds. Returns how many.

    Rows that were settled in the meantime had been published after all and are left alone.
    """
    return Message.objects.filter(pk__in=list(ids), state=State.SENT).update(
        state=State.PENDING, available_at=clock.moment() + timedelta(seconds=delay)
    )


def _take_turns() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_LOCK_SQL, [_CLAIM_LOCK])


def _claim_aged(lane: Lane, room: Room, limit: int) -> list[Claimed]:
    share = _aged_share(lane, min(room.of(Priority.HIGH), limit))
    return _claim_lane(lane, room, share, due_since=lane.now - timedelta(seconds=settings.CONVEYOR_MAX_WAIT))


def _aged_share(lane: Lane, count: int) -> int:
    """One of `AGED_SHARE`; what is not whole is carried to the next claim.

    While a queue is full, each claim is as small as what has just been done. Rounded up, the share would be all of it,
    and those that age would overtake urgent ones for good (bench/priorities.py).
    """
    key = lane.queue, lane.priority
    share, _carried[key] = divmod(_carried.get(key, 0) + count, AGED_SHARE)
    return share


def _claim_lane(lane: Lane, room: Room, limit: int, *, due_since: datetime | None = None) -> list[Claimed]:
    limit = min(limit, room.of(Priority.HIGH if due_since else lane.priority))
    if limit <= 0:
        return []
    which = _ROWS[connection.vendor].format(due=_DUE)
    sql = f"""
        UPDATE messaging_message SET state = 'sent', sent_at = %s, sends = sends + 1, is_promoted = (is_promoted OR %s)
        WHERE {which} RETURNING {_COLUMNS}
    """  # noqa: S608 - constants
    now, due = map(connection.ops.adapt_datetimefield_value, (lane.now, due_since or lane.now))
    with connection.cursor() as cursor:
        cursor.execute(sql, [now, due_since is not None, lane.queue, lane.priority, due, limit])
        rows = [_claimed(*row) for row in cursor.fetchall()]
    room.taken += len(rows)
    return rows


def _claimed(*values: Any) -> Claimed:
    row = Claimed(*values)
    if connection.vendor == "sqlite":  # which has no types for ids, times and truth
        row.pk, row.correlation_id = uuid.UUID(values[0]), uuid.UUID(values[10])
        row.causation_id = uuid.UUID(values[11]) if values[11] else None
        row.available_at, row.created_at = moment_of(values[13]), moment_of(values[15])
        row.is_promoted = bool(values[14])
    return row
