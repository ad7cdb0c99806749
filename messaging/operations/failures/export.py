"""How do failures leave the desk as a file? Row by row, so that any number fits, with personal data masked."""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from messaging.models import Message
from messaging.operations.failures import labels
from messaging.operations.privacy.masking import mask, mask_text

COLUMNS = (
    "id", "state", "word", "task", "queue", "subject", "error", "message", "attempts", "group", "failed_at", "payload",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def summary(message: Message) -> dict[str, Any]:
    """What commands and exports tell of a message, personal data masked."""
    return {
        "id": str(message.pk),
        "state": message.state,
        "word": str(labels.word_of(message)),
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
    """A JSON array, a row a line."""
    yield "["
    for index, message in enumerate(messages):
        yield (",\n" if index else "\n") + json.dumps(_row(message), ensure_ascii=False)
    yield "\n]\n"


def as_csv(messages: Iterable[Message]) -> Iterator[str]:
    """Comma-separated, with a line of names."""
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for message in messages:
        row = _row(message)
        row["payload"] = json.dumps(row["payload"], ensure_ascii=False)
        yield writer.writerow([harmless(row[column]) for column in COLUMNS])


def _row(message: Message) -> dict[str, Any]:
    return summary(message) | {"payload": mask(message.payload)}


def harmless(value: Any) -> Any:
    """Spreadsheets run texts that begin like a formula, and what failed may have been sent by anybody."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


class Echo:
    """What csv.writer writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line
