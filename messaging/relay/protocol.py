"""Wire format: a ledger row as a Celery message of protocol 2, which any Celery worker can run, and as a CloudEvent.

Sources: https://docs.celeryq.dev/en/stable/internals/protocol.html and
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/amqp-protocol-binding.md (binary mode)
"""

import json
import socket
from os import getpid
from typing import Any

from messaging.broker.signature import EVENT, sign
from messaging.broker.tolerance import MAX_DEPTH, MAX_JSON, parse_json
from messaging.models import Message
from messaging.relay.claim import Claimed
from messaging.topology import topology
from messaging.worker.admission import HEADER

_ORIGIN = f"{getpid()}@{socket.gethostname()}"
_EMBED = json.dumps({"callbacks": None, "errbacks": None, "chain": None, "chord": None})


def body_of(message: Claimed) -> str:
    """Positional and keyword arguments, and what Celery embeds, as JSON. Raises `Unreadable` where workers do, too."""
    if 4 * len(body := f"[[], {message.payload}, {_EMBED}]") > MAX_JSON or sum(map(body.count, "[{")) > MAX_DEPTH:
        parse_json(body.encode())
    return body


def headers_of(message: Claimed | Message, *, body: str | None = None) -> dict[str, Any]:
    """Headers of Celery, of CloudEvents, and the engine's own: send number, schema version, signature with a `body`."""
    correlation_id, id_ = str(message.correlation_id), str(message.pk)
    event = _event_of(message, id_)
    origin = {"sends": message.sends, "version": message.schema_version, "correlation_id": correlation_id}
    origin["due_at"] = message.available_at.timestamp()  # for metrics only, and not signed
    if body is not None:
        origin |= {"signature": sign(body, id_, message.task, message.sends, message.schema_version, *event.items())}
    return {
        "lang": "py",
        "task": message.task,
        "id": id_,
        "root_id": correlation_id,
        "parent_id": str(message.causation_id) if message.causation_id else None,
        "retries": message.retries,
        "argsrepr": "()",
        "kwargsrepr": message.subject,
        "origin": _ORIGIN,
        "ignore_result": True,
        "traceparent": message.traceparent,
        HEADER: origin,
        **event,
    }


def _event_of(message: Claimed | Message, id_: str) -> dict[str, str]:
    """Attributes of the CloudEvent. Its `datacontenttype` is the content type, and it may have no subject."""
    source, type_ = f"/{topology().exchange}", f"{message.task}.v{message.schema_version}"
    values = ("1.0", id_, source, type_, message.created_at.isoformat(), message.subject)
    return {name: value for name, value in zip(EVENT, values, strict=True) if value}
