"""Wire format: a ledger row as a Celery message of protocol 2, which any Celery worker can run.

Source: https://docs.celeryq.dev/en/stable/internals/protocol.html
"""

import socket
from os import getpid
from typing import Any

from messaging.models import Message
from messaging.worker.admission import HEADER

_ORIGIN = f"{getpid()}@{socket.gethostname()}"
_EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def body_of(message: Message) -> tuple[tuple[()], dict[str, Any], dict[str, None]]:
    return ((), message.payload, _EMBED)


def headers_of(message: Message) -> dict[str, Any]:
    """Celery's headers, and the engine's own: number of the publication, schema version, correlation id."""
    return {
        "lang": "py",
        "task": message.task,
        "id": str(message.pk),
        "root_id": str(message.correlation_id),
        "parent_id": str(message.causation_id) if message.causation_id else None,
        "retries": message.retries,
        "argsrepr": "()",
        "kwargsrepr": message.subject,
        "origin": _ORIGIN,
        "ignore_result": True,
        "traceparent": message.traceparent,
        HEADER: {
            "sends": message.sends,
            "version": message.schema_version,
            "correlation_id": str(message.correlation_id),
        },
    }
