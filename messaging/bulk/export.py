"""How does what became of each message leave the desk as a file? Row by row, so that any number fits."""

import csv
from collections.abc import Iterator
from typing import Any

from messaging.bulk import selectors
from messaging.bulk.facts import facts_of_item
from messaging.models import BulkOperation

COLUMNS = (
    "position", "message_id", "task", "queue", "subject", "verdict", "reason", "detail", "outcome", "at", "error_type",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(operation: BulkOperation) -> Iterator[str]:
    """Comma-separated, with a line of names. Payloads and error texts stay out: they may be personal."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for item in selectors.items(operation).iterator(chunk_size=1000):
        row = facts_of_item(item)
        yield writer.writerow([_harmless(row[column]) for column in COLUMNS])


def _harmless(value: Any) -> Any:
    """Spreadsheets run texts that begin like a formula, and what failed may have been sent by anybody."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


class _Echo:
    """What csv.writer writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line
