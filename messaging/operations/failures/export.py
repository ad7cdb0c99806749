"""Exports failures as CSV or JSON, streamed row by row, personal data masked."""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from messaging.models import Message
from messaging.operations.failures import labels
from messaging.operations.privacy.masking import mask, mask_text

COLUMNS = (
    "id", "state", "word", "task", "queue", "subject", "error", "message", "attempts", "group", "failed_at", "payload",
)  # fmt: skip
#: Also in full width, as East Asian keyboards type them.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def summary(message: Message) -> dict[str, Any]:
    """A message as commands and exports show it, personal data masked."""
    return {
        "id": str(message.pk),
        "state": message.state,
        "word": str(labels.label_of(message)),
        "task": message.task,
        "queue": message.queue,
        "subject": message.subject,
        "error": message.error_type,
        "message": mask_text(message.error_message),
        "attempts": message.attempts,
        "group": message.fingerprint,
        "failed_at": message.finished_at.isoformat(timespec="seconds") if message.finished_at else "",
    }


def as_json(messages: Iterable[Message]) -> Iterator[str]:
    return json_array(map(_row, messages))


def json_array(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A JSON array, one row per line."""
    yield "["
    for index, row in enumerate(rows):
        yield (",\n" if index else "\n") + json.dumps(row, ensure_ascii=False)
    yield "\n]\n"


def as_csv(messages: Iterable[Message]) -> Iterator[str]:
    """CSV with a header row."""
    return with_incomplete_marked(_csv_lines(messages))


def _csv_lines(messages: Iterable[Message]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for message in messages:
        row = _row(message)
        row["payload"] = json.dumps(row["payload"], ensure_ascii=False)
        yield writer.writerow([escape_formula(row[column]) for column in COLUMNS])


def with_incomplete_marked(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a CSV file; if an error ends them, a last one says so, and the error is raised.

    The web server ends such a response like any other, so that half a file would look like a whole one.
    """
    try:
        yield from lines
    except Exception:
        yield csv.writer(Echo()).writerow([_("Incomplete: an error ended the export after this row. Export it again.")])
        raise


def _row(message: Message) -> dict[str, Any]:
    return summary(message) | {"payload": mask(message.payload)}


def escape_formula(value: Any) -> Any:
    """Spreadsheets evaluate text that starts like a formula, and anyone may have sent the message."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


class Echo:
    """A file for `csv.writer` whose `write` returns the line."""

    def write(self, line: str) -> str:
        return line
