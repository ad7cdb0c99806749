"""Dead letters: files messages from the broker's dead-letter queues in the ledger, then acknowledges them.

Workers reject to these queues what they cannot report on: an undecodable body, an unknown task, or any failure while
the database is unreachable. Messages that the ledger has already settled are only acknowledged.
"""

import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from celery import Celery
from django.db import InterfaceError, InternalError, OperationalError
from kombu import Connection

from messaging import transitions
from messaging.broker import tolerance
from messaging.conf import settings
from messaging.models import Message, State, Waits
from messaging.models.uuid7 import uuid7
from messaging.payloads import payload_for
from messaging.recording.storable import plain, text
from messaging.relay import flow
from messaging.topology import topology
from messaging.transitions.failure import synthetic_failure, worker_lost
from messaging.worker import admission

log = logging.getLogger(__name__)
#: Bytes that are kept of a body, and of the headers as JSON.
MAX_RAW = 256_000
MAX_HEADERS = 64_000


@dataclass(frozen=True)
class DeadLetter:
    """A message from a dead-letter queue. `payload` is None if the body is not a Celery message.

    `refusal` says why no worker can run it; empty if one could.
    """

    queue: str
    body: bytes
    id: uuid.UUID | None = None
    task: str = ""
    payload: dict[str, Any] | None = None
    sends: int = 0
    routing_key: str = ""
    priority: int = 0
    reason: str = "rejected"
    refusal: str = "Neither its body nor its headers can be stored as they are."
    headers: dict[str, Any] = field(default_factory=dict)


def file_dead_letters(connection: Connection, app: Celery, *, limit: int = 200) -> int:
    """File up to `limit` dead letters of each queue that the broker does not refuse. Returns how many."""
    with connection.channel() as channel:
        open_ = topology().queues.keys() - flow.refused()
        return sum(_file_queue(channel, app, queue, limit=limit) for queue in open_)


def _file_queue(channel: Any, app: Celery, queue: str, *, limit: int) -> int:
    for count in range(limit):
        if (message := channel.basic_get(topology().dead(queue), no_ack=False)) is None:
            return count
        if _file_safely(queue, message, app):
            channel.basic_ack(message.delivery_tag)
    return limit


def _file_safely(queue: str, message: Any, app: Celery) -> bool:
    """File a dead letter whatever it contains: parsed, else its raw bytes. False: neither can be stored.

    Such a letter stays at the broker, and the next one is filed. Raises if the database is away.
    """
    for read in (parse, lambda queue, message: DeadLetter(queue, _body(message))):
        try:
            file(read(queue, message), app)
            return True
        except Exception as error:
            if _is_outage(error):
                raise
            log.warning("%s: dead letter cannot be stored by %r", queue, error, exc_info=True)
    log.critical("%s: a dead letter can be stored in no way and stays at the broker: %r", queue, _body(message)[:1000])
    return False


def _is_outage(error: Exception) -> bool:
    """Of connection, lock, or (SQLSTATE class 25) a read-only transaction. Class 54 is a value that does not fit."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    if isinstance(error, InternalError):
        return state.startswith("25")
    return isinstance(error, OperationalError | InterfaceError) and not state.startswith("54")


def _body(message: Any) -> bytes:
    body = message.body
    body = body.encode(errors="surrogatepass") if isinstance(body, str) else bytes(body or b"")
    return body[:MAX_RAW]


def parse(queue: str, message: Any) -> DeadLetter:
    """Read a raw kombu or py-amqp message, as far as it can be read."""
    properties = message.properties
    raw = getattr(message, "headers", None) or properties.get("application_headers") or {}
    headers = raw if isinstance(raw, Mapping) else {}
    death, refusal, priority = _death(headers), _refusal(message, properties, headers), properties.get("priority")
    task = headers.get("task")
    return DeadLetter(
        queue=queue,
        id=_uuid(headers.get("id")),
        task=text(task)[:200] if isinstance(task, str) else "",
        payload=_payload(message.body),
        sends=_sends(headers),
        routing_key=text((death.get("routing-keys") or [""])[0]),
        priority=priority if isinstance(priority, int) else 0,
        reason=str(death.get("reason", "rejected")),
        refusal=refusal,
        body=_body(message),
        headers=_bounded(raw),
    )


def _refusal(message: Any, properties: Mapping[str, Any], headers: Mapping[str, Any]) -> str:
    """Why a worker refused it: the same rules as in the worker."""
    try:
        admission.admit(
            headers=headers,
            content_type=getattr(message, "content_type", None) or properties.get("content_type"),
            content_encoding=getattr(message, "content_encoding", None) or properties.get("content_encoding"),
            body=message.body,
        )
    except admission.Refused as error:
        return str(error)
    return ""


def _death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    deaths = headers.get("x-death")
    first = deaths[0] if isinstance(deaths, list) and deaths else {}
    return first if isinstance(first, Mapping) else {}


def _sends(headers: Mapping[str, Any]) -> int:
    origin = headers.get(admission.HEADER)
    sends = origin.get("sends") if isinstance(origin, Mapping) else 0
    return sends if isinstance(sends, int) else 0


def file(dead_letter: DeadLetter, app: Celery) -> None:
    """File `dead_letter` in the ledger unless it is settled there.

    One that no worker can run, or with another task or payload, is not a copy: it is filed under an id of its own.
    """
    row = Message.objects.filter(pk=dead_letter.id).first() if dead_letter.id else None
    is_copy = row and dead_letter.payload in (None, row.payload) and dead_letter.task in ("", row.task)
    if row is None:
        _file_stray(dead_letter, app)
    elif is_copy and row.state == State.SENT and row.sends == dead_letter.sends:
        _fail_known(row, dead_letter, app)
    elif (dead_letter.refusal or not is_copy) and bytes(row.raw_body or b"") != dead_letter.body:
        _file_stray(replace(dead_letter, id=None), app)


def _fail_known(row: Message, dead_letter: DeadLetter, app: Celery) -> None:
    """A message in flight that came back: dead if it ends its workers, else due again as the ledger has it.

    No attempt is spent on a copy that was damaged on its way, or whose worker did not know the task or had no database.
    """
    kind, text = _cause(dead_letter, app)
    if kind == "DeliveryLimit":  # each worker was lost: one failure, whoever counts
        failure, limit = worker_lost(task=row.task), settings.CONVEYOR_RETRY_MAX_ATTEMPTS
        transitions.bury(message_id=row.pk, sends=row.sends, failure=failure, limit=limit)
    else:
        waits_for = Waits.RELEASE if kind == "UnknownTask" else Waits.WORKER
        transitions.wait(message_id=row.pk, sends=row.sends, waits_for=waits_for)
        log.warning("%s: %s %s waits for %s: %s", row.queue, row.task, row.pk, waits_for.label, text)


def _file_stray(dead_letter: DeadLetter, app: Celery) -> None:
    kind, text = _cause(dead_letter, app)
    message = transitions.file_stray(
        message_id=dead_letter.id or uuid7(),
        failure=synthetic_failure(kind, text, task=dead_letter.task, queue=dead_letter.queue),
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
    if dead_letter.payload is None or not dead_letter.task:
        return "UndecodableMessage", dead_letter.refusal
    if dead_letter.task not in app.tasks and payload_for(dead_letter.task) is None:
        return "UnknownTask", f"No task is named {dead_letter.task[:200]!r}."
    if dead_letter.reason == "delivery_limit":
        return "DeliveryLimit", "Delivery limit reached: every worker that received this message was lost."
    if dead_letter.refusal:
        return "UndecodableMessage", dead_letter.refusal
    return "WorkerGaveUp", (
        "The worker rejected the message without recording why: it does not know the task or could not reach the "
        "database."
    )


def _payload(body: Any) -> dict[str, Any] | None:
    """Keyword arguments in the body of a Celery message, protocol 2."""
    try:
        parts = tolerance.parse_json(body)
    except tolerance.Unreadable:
        return None
    is_message = isinstance(parts, list) and len(parts) == 3 and isinstance(parts[1], dict)
    return dict(plain(parts[1])) if is_message else None


def _bounded(headers: Any) -> dict[str, Any]:
    if not tolerance.is_shallow(headers):
        return {"unreadable": "nested too deep"}
    kept = plain(headers)
    size = len(json.dumps(kept))
    if isinstance(kept, dict) and size <= MAX_HEADERS:
        return kept
    return {"truncated": json.dumps(kept)[:MAX_HEADERS], "size": size}


def _uuid(value: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None
