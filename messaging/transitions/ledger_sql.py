"""The two statements that every message costs, as SQL: its INSERT and its UPDATE to done.

The ORM builds a statement anew each time, which costs two to three times the CPU of sending it (bench/checkout.py).
"""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

from messaging import clock
from messaging.conf import settings
from messaging.models import Message
from messaging.models.parameters import id_parameter, time_parameter
from messaging.relay import wakeup

#: Rows of one INSERT.
ROWS: Final = 500
_COLUMNS: Final = (
    "id, task, queue, routing_key, priority, payload, schema_version, subject, correlation_id, causation_id, "
    "traceparent, created_at, available_at, state, attempts, replayed_from, sends, error_type, error_message, "
    "fingerprint, note, waits_for"
)
_NEW: Final = "'pending', 0, 0, 0, '', '', '', '', ''"
_ROW: Final = {
    "postgresql": f"({'%s, ' * 11}STATEMENT_TIMESTAMP(), STATEMENT_TIMESTAMP() + %s, {_NEW})",
    "sqlite": f"({'%s, ' * 11}%s, %s, {_NEW})",
}
_DONE: Final = """
    UPDATE messaging_message
    SET state = 'done', started_at = %s, finished_at = {now}, waits_for = '', deferred_since = NULL,
        release = %s
    WHERE id = %s AND sends = %s AND (
        state = 'sent' OR state = 'pending' AND (attempts = 0 OR replayed_from < attempts)
    )"""


def insert(messages: Sequence[Message]) -> None:
    """Insert new messages and wake a sleeping relay. The database's clock sets their times."""
    for start in range(0, len(messages), ROWS):
        _insert_some(messages[start : start + ROWS])


def mark_done(*, message_id: uuid.UUID, sends: int, started_at: datetime | None) -> bool:
    """Mark a message as done that is in flight by publication number `sends`, or was taken for lost since."""
    now, moment = clock.in_sql()
    parameters = [time_parameter(started_at), *moment, settings.CONVEYOR_RELEASE, id_parameter(message_id), sends]
    with connection.cursor() as cursor:
        cursor.execute(_DONE.format(now=now), parameters)
        return cursor.rowcount == 1


def _insert_some(messages: Sequence[Message]) -> None:
    rows = ", ".join([_ROW[connection.vendor]] * len(messages))
    sql = f"INSERT INTO messaging_message ({_COLUMNS}) VALUES {rows}"  # noqa: S608 - constants
    now = None if connection.vendor == "postgresql" else clock.now()
    parameters = [value for message in messages for value in _values(message, now)]
    if connection.vendor == "postgresql":
        sql, parameters = f"WITH added AS ({sql}) {wakeup.NOTIFY}", [*parameters, *wakeup.PARAMETERS]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
    for message in messages:
        message._state.adding, message._state.db = False, connection.alias


def _values(message: Message, now: datetime | None) -> list[Any]:
    what = (message.task, message.queue, message.routing_key, message.priority, json.dumps(message.payload))
    chain = (id_parameter(message.correlation_id), id_parameter(message.causation_id), message.traceparent)
    row = [id_parameter(message.pk), *what, message.schema_version, message.subject, *chain]
    delay = message.available_at - message.created_at
    return [*row, delay] if now is None else [*row, *map(time_parameter, (now, now + delay))]
