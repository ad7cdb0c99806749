"""Dead letters: files messages from the broker's dead-letter queues in the ledger, then acknowledges them.

Workers reject to these queues what they cannot report on: an undecodable body, an unknown task, or any failure while
the database is unreachable. Messages that the ledger has already settled are only acknowledged.
"""

import json
import logging
import uuid
from dataclasses import dataclass, field
from typing import Any

from celery import Celery
from django.db import DataError
from kombu import Connection

from messaging import transitions
from messaging.conf import settings
from messaging.models import Message, State, Waits
from messaging.models.uuid7 import uuid7
from messaging.payloads import payload_for
from messaging.topology import topology
from messaging.transitions.failure import synthetic_failure
from messaging.worker.task import HEADER

log = logging.getLogger(__name__)
MAX_RAW = 256_000


@dataclass(frozen=True)
class DeadLetter:
    """A message from a dead-letter queue. `payload` is None if the body is not a Celery message."""

    queue: str
    body: bytes
    id: uuid.UUID | None = None
    task: str = ""
    payload: dict[str, Any] | None = None
    sends: int = 0
    routing_key: str = ""
    priority: int = 0
    reason: str = "rejected"
    headers: dict[str, Any] = field(default_factory=dict)


def file_dead_letters(connection: Connection, app: Celery, *, limit: int = 200) -> int:
    """File up to `limit` dead letters of each queue. Returns how many."""
    return sum(_file_queue(connection, app, queue, limit=limit) for queue in topology().queues)


def _file_queue(connection: Connection, app: Celery, queue: str, *, limit: int) -> int:
    with connection.channel() as channel:
        for count in range(limit):
            message = channel.basic_get(topology().dead(queue), no_ack=False)
            if message is None:
                return count
            _file_safely(queue, message, app)
            channel.basic_ack(message.delivery_tag)
    return limit


def _file_safely(queue: str, message: Any, app: Celery) -> None:
    """File a dead letter whatever it contains; if its text cannot be stored, its raw bytes are."""
    try:
        file(parse(queue, message), app)
    except (DataError, ValueError, TypeError, LookupError, AttributeError):
        log.warning("%s: dead letter cannot be parsed or stored; filing its raw bytes", queue, exc_info=True)
        file(DeadLetter(queue, _body(message)), app)


def _body(message: Any) -> bytes:
    body = message.body.encode(errors="replace") if isinstance(message.body, str) else bytes(message.body or b"")
    return body[:MAX_RAW]


def parse(queue: str, message: Any) -> DeadLetter:
    """Read a raw kombu or py-amqp message, as far as it can be read."""
    headers = _plain(getattr(message, "headers", None) or message.properties.get("application_headers") or {})
    body = _body(message)
    death = (headers.get("x-death") or [{}])[0]
    origin, priority = headers.get(HEADER), message.properties.get("priority")
    return DeadLetter(
        queue=queue,
        id=_uuid(headers.get("id")),
        task=headers["task"] if isinstance(headers.get("task"), str) else "",
        payload=_payload(body),
        sends=origin.get("sends", 0) if isinstance(origin, dict) else 0,
        routing_key=str((death.get("routing-keys") or [""])[0]),
        priority=priority if isinstance(priority, int) else 0,
        reason=str(death.get("reason", "rejected")),
        body=body,
        headers=headers,
    )


def file(dead_letter: DeadLetter, app: Celery) -> None:
    """File `dead_letter` in the ledger unless it is settled there."""
    row = Message.objects.filter(pk=dead_letter.id).first() if dead_letter.id else None
    if row is None:
        _file_stray(dead_letter, app)
    elif row.state == State.SENT and row.sends == dead_letter.sends:
        _fail_known(row, dead_letter, app)


def _fail_known(row: Message, dead_letter: DeadLetter, app: Celery) -> None:
    """A message in flight that came back: dead if it cannot succeed, else it waits for a worker that can judge it.

    A worker that rejects without a verdict, because it does not know the task or has no database, spends no attempt.
    """
    kind, text = _cause(dead_letter, app)
    if kind in ("UndecodableMessage", "DeliveryLimit"):
        transitions.bury(
            message_id=row.pk,
            sends=row.sends,
            failure=synthetic_failure(kind, text, task=row.task),
            limit=settings.CONVEYOR_RETRY_MAX_ATTEMPTS,
            raw=(dead_letter.body, dead_letter.headers),
        )
    else:
        waits_for = Waits.RELEASE if kind == "UnknownTask" else Waits.WORKER
        transitions.wait(message_id=row.pk, sends=row.sends, waits_for=waits_for)
        log.warning("%s: %s %s waits for %s: %s", row.queue, row.task, row.pk, waits_for.label, text)


def _file_stray(dead_letter: DeadLetter, app: Celery) -> None:
    kind, text = _cause(dead_letter, app)
    message = transitions.file_stray(
        message_id=dead_letter.id or uuid7(),
        failure=synthetic_failure(kind, text, task=dead_letter.task),
        queue=dead_letter.queue,
        task=dead_letter.task if dead_letter.payload is not None else "",
        payload=dead_letter.payload,
        routing_key=dead_letter.routing_key,
        priority=dead_letter.priority,
        raw_body=dead_letter.body,
        raw_headers=dead_letter.headers,
    )
    log.warning("%s: filed a message that is not in the ledger as %s: %s", dead_letter.queue, message.pk, kind)


def _cause(dead_letter: DeadLetter, app: Celery) -> tuple[str, str]:
    if dead_letter.payload is None:
        return "UndecodableMessage", "The body is not a Celery message in JSON; its raw bytes are kept."
    if not dead_letter.task or (dead_letter.task not in app.tasks and payload_for(dead_letter.task) is None):
        return "UnknownTask", f"No task is named {dead_letter.task!r}."
    if dead_letter.reason == "delivery_limit":
        return "DeliveryLimit", "Delivery limit reached: every worker that received this message was lost."
    return "WorkerGaveUp", (
        "The worker rejected the message without recording why: it does not know the task, "
        "refuses the content type, or could not reach the database."
    )


def _payload(body: bytes) -> dict[str, Any] | None:
    """Keyword arguments in the body of a Celery message, protocol 2."""
    try:
        parts = json.loads(body)
    except ValueError:
        return None
    if isinstance(parts, list) and len(parts) == 3 and isinstance(parts[1], dict):
        return dict(_plain(parts[1]))
    return None


def _plain(value: Any) -> Any:
    """Convert to JSON types: AMQP tables may hold datetimes and bytes."""
    return json.loads(json.dumps(value, default=str).replace("\\u0000", "\\ufffd"))


def _uuid(value: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None
