"""What becomes of messages in the broker's dead-letter queues? They are filed in the ledger, then acknowledged.

There they come from workers that could not say what went wrong: the body was junk, the task unknown, the database out
of reach. What the ledger has already settled is only taken away.
"""

import json
import logging
import uuid
from dataclasses import dataclass
from typing import Any

from celery import Celery
from django.db import DataError
from kombu import Connection

from messaging import transitions
from messaging.conf import settings
from messaging.models import Message, State
from messaging.models.uuid7 import uuid7
from messaging.payloads import payload_for
from messaging.topology import topology
from messaging.transitions.failure import synthetic_failure
from messaging.worker.task import HEADER

log = logging.getLogger(__name__)
MAX_RAW = 256_000


@dataclass(frozen=True)
class DeadLetter:
    """A message as it lay in a dead-letter queue; `payload` is None where its body could not be read as Celery's."""

    queue: str
    id: uuid.UUID | None
    task: str
    payload: dict[str, Any] | None
    sends: int
    routing_key: str
    priority: int
    reason: str
    body: bytes
    headers: dict[str, Any]


def drain(connection: Connection, app: Celery, *, limit: int = 200) -> int:
    """File up to `limit` dead letters of each queue; how many there were."""
    return sum(_drain_queue(connection, app, queue, limit=limit) for queue in topology().queues)


def _drain_queue(connection: Connection, app: Celery, queue: str, *, limit: int) -> int:
    with connection.channel() as channel:
        for count in range(limit):
            message = channel.basic_get(topology().dead(queue), no_ack=False)
            if message is None:
                return count
            _file_whatever_it_is(queue, message, app)
            channel.basic_ack(message.delivery_tag)
    return limit


def _file_whatever_it_is(queue: str, message: Any, app: Celery) -> None:
    """A dead letter whose text the database refuses must not stop the relay: its bytes are filed alone."""
    try:
        file(read(queue, message), app)
    except (DataError, ValueError, TypeError, LookupError, AttributeError):
        log.warning("%s: a dead letter is filed by its bytes alone", queue, exc_info=True)
        file(DeadLetter(queue, None, "", None, 0, "", 0, "rejected", _body(message), {}), app)


def _body(message: Any) -> bytes:
    body = message.body.encode(errors="replace") if isinstance(message.body, str) else bytes(message.body or b"")
    return body[:MAX_RAW]


def read(queue: str, message: Any) -> DeadLetter:
    """Take what can be known from a raw kombu or py-amqp message."""
    headers = _plain(getattr(message, "headers", None) or message.properties.get("application_headers") or {})
    body = _body(message)
    death = (headers.get("x-death") or [{}])[0]
    origin = headers.get(HEADER)
    return DeadLetter(
        queue=queue,
        id=_uuid(headers.get("id")),
        task=headers["task"] if isinstance(headers.get("task"), str) else "",
        payload=_payload(body),
        sends=origin.get("sends", 0) if isinstance(origin, dict) else 0,
        routing_key=str((death.get("routing-keys") or [""])[0]),
        priority=_integer(message.properties.get("priority")),
        reason=str(death.get("reason", "rejected")),
        body=body,
        headers=headers,
    )


def file(letter: DeadLetter, app: Celery) -> None:
    """Keep `letter` in the ledger, unless it is there already."""
    row = Message.objects.filter(pk=letter.id).first() if letter.id else None
    if row is None:
        _file_stray(letter, app)
    elif row.state == State.SENT and row.sends == letter.sends:
        _file_own(row, letter, app)


def _file_own(row: Message, letter: DeadLetter, app: Celery) -> None:
    """One of our messages came back without a word. What is no use repeating is dead; the rest is tried again."""
    limit = settings.CONVEYOR_RETRY_MAX_ATTEMPTS
    kind, text = _cause(letter, app)
    failure = synthetic_failure(kind, text, task=row.task)
    hopeless = kind in ("UndecodableMessage", "UnknownTask", "DeliveryLimit")
    if hopeless or row.retries + 1 >= limit:
        transitions.bury(message_id=row.pk, failure=failure, limit=limit, raw=(letter.body, letter.headers))
    else:
        delay = min(settings.CONVEYOR_RETRY_BASE * 2**row.retries, settings.CONVEYOR_RETRY_MAX_SECONDS)
        transitions.reschedule(message_id=row.pk, failure=failure, delay=delay, limit=limit)


def _file_stray(letter: DeadLetter, app: Celery) -> None:
    kind, text = _cause(letter, app)
    message = transitions.file_stray(
        message_id=letter.id or uuid7(),
        failure=synthetic_failure(kind, text, task=letter.task),
        queue=letter.queue,
        task=letter.task if letter.payload is not None else "",
        payload=letter.payload,
        routing_key=letter.routing_key,
        priority=letter.priority,
        raw_body=letter.body,
        raw_headers=letter.headers,
    )
    log.warning("%s: filed a message that did not come from the ledger as %s: %s", letter.queue, message.pk, kind)


def _cause(letter: DeadLetter, app: Celery) -> tuple[str, str]:
    if letter.payload is None:
        return "UndecodableMessage", "Its body is not the JSON of a Celery message; the raw bytes are kept."
    if not letter.task or (letter.task not in app.tasks and payload_for(letter.task) is None):
        return "UnknownTask", f"No task is called {letter.task!r}."
    if letter.reason == "delivery_limit":
        return "DeliveryLimit", "The broker gave up: each worker that took this message was lost."
    return "WorkerGaveUp", (
        "The worker gave the message back without a record of why: it does not know the task, "
        "refused its content type, or could not reach the database."
    )


def _payload(body: bytes) -> dict[str, Any] | None:
    """The keyword arguments in the body of a Celery message of protocol 2."""
    try:
        parts = json.loads(body)
    except ValueError:
        return None
    if isinstance(parts, list) and len(parts) == 3 and isinstance(parts[1], dict):
        return dict(_plain(parts[1]))
    return None


def _plain(value: Any) -> Any:
    """Headers as JSON types: AMQP tables hold datetimes and bytes, too."""
    return json.loads(json.dumps(value, default=str).replace("\\u0000", "\\ufffd"))


def _uuid(value: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None


def _integer(value: Any) -> int:
    return value if isinstance(value, int) else 0
