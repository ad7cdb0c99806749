"""Wire format: a ledger row as a Celery message of protocol 2, which any Celery worker can run.

Source: https://docs.celeryq.dev/en/stable/internals/protocol.html
"""

import json
import socket
from os import getpid
from typing import Any

from messaging.models import Message
from messaging.relay.claim import Claimed
from messaging.worker.admission import HEADER

_ORIGIN = f"{getpid()}@{socket.gethostname()}"
_EMBED = json.dumps({"callbacks": None, "errbacks": None, "chain": None, "chord": None})


def body_of(message: Claimed) -> str:
    """Positional arguments, keyword arguments, and what Celery embeds, as JSON."""
    return f"[[], {message.payload}, {_EMBED}]"


def headers_of(message: Claimed | Message) -> dict[str, Any]:
    """Celery's headers, and the engine's own: number of the publication, schema version, correlation id."""
    correlation_id = str(message.correlation_id)
    return {
        "lang": "py",
        "task": message.task,
        "id": str(message.pk),
        "root_id": correlation_id,
        "parent_id": str(message.causation_id) if message.causation_id else None,
        "retries": message.retries,
        "argsrepr": "()",
        "kwargsrepr": message.subject,
        "origin": _ORIGIN,
        "ignore_result": True,
        "traceparent": message.traceparent,
        HEADER: {"sends": message.sends, "version": message.schema_version, "correlation_id": correlation_id},
    }
