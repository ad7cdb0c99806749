"""Log lines in JSON: one object a line, whatever is logged, with the order, message and trace that it is about.

Personal data is masked field by field: masking the finished line could cut it in the middle of an escape.
"""

import logging
import os
import re
import sys
import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from pythonjsonlogger.json import JsonFormatter as BaseFormatter

from config.telemetry.paths import private
from config.telemetry.role import role
from messaging import tracing
from messaging.operations.privacy.masking import mask, mask_text
from messaging.worker.admission import HEADER

SERVICE: Final = "conveyor"
#: `orders.models.new_number`; models are not ready when logging is configured.
ORDER: Final = re.compile(r"\bCV-[0-9A-Z]{5}-[0-9A-Z]{5}\b", re.ASCII)
_role = cache(role)


class JsonFormatter(BaseFormatter):
    """Writes ASCII only, so that no character of a text can end the line. Fields are in `docs/how-to/trace.md`."""

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        # What is logged as a dictionary is masked by the names of its fields, too.
        text = str(mask(record.msg)) if isinstance(record.msg, dict) else access_text(record) or record.getMessage()
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
        log_data |= {"level": record.levelname, "logger": record.name, "message": mask_text(text)}
        log_data |= {"service": SERVICE, "role": _role(), "process": os.getpid()}
        found = subject_fields(record)
        if "order" not in found and (number := ORDER.search(text)):
            found["order"] = number[0]
        http = getattr(record, "http", {})
        log_data |= found | {name: _masked(value) for name, value in http.items()}
        if trouble := self._trouble(record):
            log_data["exception"] = mask_text(trouble)

    def _trouble(self, record: logging.LogRecord) -> str:
        """Traceback and stack of a record; empty without."""
        known = bool(record.exc_info and record.exc_info[0])
        parts = [self.formatException(record.exc_info)] if known else []
        parts += [self.formatStack(record.stack_info)] if record.stack_info else []
        return "\n".join(map(str, parts))


def _masked(value: Any) -> Any:
    return mask_text(value) if isinstance(value, str) else value


def access_text(record: logging.LogRecord) -> str:
    """A line of granian's own access log without the client's address and secrets; empty for any other."""
    if record.name != "granian.access" or not isinstance(record.args, dict):
        return ""
    known = record.args
    return f"{known.get('method')} {private(str(known.get('path')))} {known.get('status')}"


def subject_fields(record: logging.LogRecord) -> dict[str, str]:
    """`trace`, `span`, `message_id`, `task` and `order`, as far as they are known."""
    chain, known = tracing.current(), {**_of_run(), **_of_celery(record)}
    if chain is not None:
        known.setdefault("trace", chain.correlation_id.hex)
        if chain.causation_id:
            known.setdefault("message_id", str(chain.causation_id))
    if "message_id" not in known and (id_ := _only_id(record.args)):
        known["message_id"] = id_
    if span := _span():
        known["span"] = span
    subject = known.pop("subject", "")
    return known | ({"order": subject} if ORDER.fullmatch(subject) else {})


def _of_run() -> dict[str, str]:
    """What the task that runs in this thread is about."""
    state = sys.modules.get("celery._state")
    task = state.get_current_task() if state else None
    request = getattr(task, "request", None)
    if task is None or request is None or not request.id:
        return {}
    return {"message_id": str(request.id), "task": str(task.name), **_of_headers(request)}


def _of_celery(record: logging.LogRecord) -> dict[str, str]:
    """What a line of Celery's own is about: the worker's main process logs what it receives, and what became of it."""
    data = getattr(record, "data", None)
    if not isinstance(data, dict) or not data.get("id"):
        return {}
    state = sys.modules.get("celery.worker.state")
    request = state.requests.get(data["id"]) if state else None
    headers = _of_headers(request.request_dict) if request is not None else {}
    return {"message_id": str(data["id"]), "task": str(data.get("name")), **headers, **_subject(data.get("kwargs"))}


def _of_headers(headers: Any) -> dict[str, str]:
    """Trace and subject, by the headers of a message; `headers` are a dictionary or Celery's context."""
    origin = headers.get(HEADER)
    trace = {"trace": uuid.UUID(origin["correlation_id"]).hex} if origin else {}
    return trace | _subject(headers.get("kwargsrepr"))


def _subject(text: Any) -> dict[str, str]:
    return {"subject": text} if isinstance(text, str) and text else {}


def _only_id(args: Any) -> str:
    """The message that a line names: the only UUID among its arguments."""
    ids = [value for value in args if isinstance(value, uuid.UUID)] if isinstance(args, tuple) else []
    return str(ids[0]) if len(ids) == 1 else ""


def _span() -> str:
    """The current span of OpenTelemetry, if traces are on."""
    api = sys.modules.get("opentelemetry.trace")
    context = api.get_current_span().get_span_context() if api else None
    return f"{context.span_id:016x}" if context is not None and context.is_valid else ""
