"""JSON schemas of what surrounds a payload on the wire: Celery's headers, the engine's own, and the body's three parts.

Source: https://docs.celeryq.dev/en/stable/internals/protocol.html
"""

from typing import Any

from messaging.broker.signature import EVENT

_TEXT = {"type": "string"}
_UUID = {"type": "string", "format": "uuid"}
_COUNT = {"type": "integer", "minimum": 0}

_CONVEYOR = {
    "type": "object",
    "description": "the engine's own header",
    "required": ["sends", "version", "correlation_id"],
    "properties": {
        "sends": {"type": "integer", "minimum": 1, "description": "number of this publication of the message"},
        "version": {"type": "integer", "minimum": 1, "description": "version of the payload's schema"},
        "correlation_id": {**_UUID, "description": "chain of messages that this one belongs to"},
        "due_at": {"type": "number", "description": "when the message was due, in Unix seconds; for metrics only"},
        "signature": {**_TEXT, "description": "HMAC-SHA-256 of body and headers, by the relay"},
    },
}
_PROPERTIES: dict[str, Any] = {
    "task": {**_TEXT, "description": "name of the task"},
    "id": {**_UUID, "description": "id of the message, the same for each of its publications"},
    "root_id": {**_UUID, "description": "the correlation id, for Celery"},
    "parent_id": {"type": ["string", "null"], "format": "uuid", "description": "the message that caused this one"},
    "lang": {**_TEXT, "const": "py"},
    "retries": {**_COUNT, "description": "failed attempts so far"},
    "argsrepr": _TEXT,
    "kwargsrepr": {**_TEXT, "description": "what the message is about, such as an order number"},
    "origin": {**_TEXT, "description": "process and host of the relay"},
    "ignore_result": {"type": "boolean", "const": True},
    "traceparent": {**_TEXT, "description": "W3C trace context"},
    "conveyor": _CONVEYOR,
}

#: Attributes of the CloudEvent. Only its subject is optional: not every message has one.
_EVENT: dict[str, Any] = {
    "specversion": {**_TEXT, "const": "1.0"},
    "id": {**_UUID, "description": "as `id`"},
    "source": {"type": "string", "format": "uri-reference", "description": "the exchange"},
    "type": {**_TEXT, "description": "task and schema version, such as `orders.send_email.v2`"},
    "time": {"type": "string", "format": "date-time", "description": "when the message was enqueued"},
    "subject": {**_TEXT, "minLength": 1, "description": "as `kwargsrepr`"},
}
_PREFIXED = {name: _EVENT[name.partition(":")[2]] for name in EVENT}

HEADERS: dict[str, Any] = {
    "type": "object",
    "required": sorted([*_PROPERTIES, *_PREFIXED.keys() - {EVENT[-1]}]),
    "properties": _PROPERTIES | _PREFIXED,
}


def body_schema(payload: dict[str, Any]) -> dict[str, Any]:
    """The body of a message: no positional arguments, the payload by name, and Celery's third part, which is empty."""
    nothing = {name: {"type": "null"} for name in ("callbacks", "errbacks", "chain", "chord")}
    return {
        "type": "array",
        "items": [{"type": "array", "maxItems": 0}, payload, {"type": "object", "properties": nothing}],
        "minItems": 3,
        "maxItems": 3,
    }
