"""Admission: what a message must be like for a worker to run it. Every other one is filed in the ledger as dead.

The relay writes messages of Celery's protocol 2 in JSON, without time to live, due time or callbacks. What a message
carries beyond that is not passed on to Celery, or the message is refused if that would change its meaning.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.crypto import constant_time_compare

from messaging.broker.signature import EVENT, sign
from messaging.broker.tolerance import UNREADABLE, Unreadable, parse_json
from messaging.conf import settings

HEADER = "conveyor"
_MAX_TEXT = 1000
#: Texts that Celery and the logs show.
_TEXTS = ("lang", "root_id", "parent_id", "argsrepr", "kwargsrepr", "origin", "traceparent")
#: Headers, and keys of the body's third part, that would make Celery hold, skip, or follow up on the message.
_EFFECTS = ("eta", "expires", "shadow", "group", "chord", "callbacks", "errbacks", "chain")
_ENCODINGS = ("utf-8", "utf8", "us-ascii", "ascii")


class Refused(ValueError):
    """The message is not one that a worker can run. Its text says why, without values."""


def admit(
    *, headers: Any, content_type: Any, content_encoding: Any, body: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The headers to pass on to Celery, and the task's arguments. Raises `Refused`."""
    if content_type != "application/json" or str(content_encoding).lower() not in _ENCODINGS:
        raise Refused("The content is not declared as JSON in UTF-8.")
    if not isinstance(headers, Mapping) or UNREADABLE in headers or headers.get("compression"):
        raise Refused("Its headers cannot be read, or its body is compressed.")
    arguments = arguments_of(body)
    return clean_headers(headers, body=body), arguments


def arguments_of(body: Any) -> dict[str, Any]:
    """The keyword arguments in a body of protocol 2. Raises `Refused`."""
    try:
        parts = parse_json(body)
    except Unreadable as error:
        raise Refused(f"The body is {error}.") from None
    if not isinstance(parts, list) or len(parts) != 3 or not isinstance(parts[1], dict):
        raise Refused("The body is not a Celery message of protocol 2.")
    positional, arguments, embedded = parts
    if positional:
        raise Refused("The body has positional arguments; tasks take their payload by name.")
    if embedded and (not isinstance(embedded, dict) or any(embedded.get(name) for name in _EFFECTS)):
        raise Refused("The body asks for callbacks, which tasks of the ledger do not have.")
    return arguments


def clean_headers(headers: Mapping[str, Any], *, body: Any) -> dict[str, Any]:
    """The headers that Celery needs, each of the right kind. Raises `Refused`."""
    task, retries = headers.get("task"), headers.get("retries") or 0
    if not isinstance(task, str) or not 0 < len(task) <= 200:
        raise Refused("It names no task.")
    if task.startswith("celery."):
        raise Refused("It is for one of Celery's own tasks, which need a result backend.")
    # Only Celery's own sender, which benchmarks compare with the ledger, delays a message by its header.
    eta = headers.get("eta")
    may_delay = settings.CONVEYOR_PUBLISH != "ledger" and isinstance(eta, str)
    if any(headers.get(name) for name in _EFFECTS if not (may_delay and name == "eta")):
        raise Refused(f"It has one of the headers {', '.join(_EFFECTS)}, which messages of the ledger do not have.")
    if not _is_count(retries):
        raise Refused("Its header retries is not a count.")
    clean = {"task": task, "id": _uuid(headers, "id"), "retries": retries, "ignore_result": True}
    if may_delay:
        clean["eta"] = eta
    for name in _TEXTS:
        value = headers.get(name)
        clean[name] = value[:_MAX_TEXT].encode(errors="replace").decode() if isinstance(value, str) else None
    clean[HEADER] = origin_of(headers, body=body)
    return clean


def origin_of(headers: Mapping[str, Any], *, body: Any) -> dict[str, Any] | None:
    """The engine's own header, and whether no relay has signed the message; None if it is absent. Raises `Refused`."""
    if (origin := headers.get(HEADER)) is None:
        return None
    if not isinstance(origin, Mapping):
        raise Refused(f"Its header {HEADER} is not a table.")
    if not _is_count(origin.get("sends")) or not origin["sends"] or not _is_count(origin.get("version")):
        raise Refused(f"Its header {HEADER} is without the numbers sends, from 1, and version.")
    clean = {"sends": origin["sends"], "version": origin["version"], "correlation_id": _uuid(origin, "correlation_id")}
    clean["due_at"] = due_at if isinstance(due_at := origin.get("due_at"), float) else None
    event = ((name, headers[name]) for name in EVENT if name in headers)
    signature = sign(body, headers["id"], headers["task"], origin["sends"], origin["version"], *event)
    return clean | {"is_unsigned": not constant_time_compare(repr(origin.get("signature")), repr(signature))}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def _uuid(table: Mapping[str, Any], name: str) -> str:
    value = table.get(name)
    try:
        return str(uuid.UUID(value if isinstance(value, str) else ""))
    except ValueError:
        raise Refused(f"Its {name} is not a UUID.") from None
