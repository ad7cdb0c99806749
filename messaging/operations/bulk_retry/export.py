"""Exports the outcome of each message of a bulk retry as CSV, streamed row by row."""

import csv
from collections.abc import Iterator

from messaging.operations.bulk_retry import selectors
from messaging.operations.bulk_retry.as_dict import item_as_dict
from messaging.operations.failures.export import Echo, escape_formula, with_incomplete_marked
from messaging.operations.models import BulkOperation

COLUMNS = (
    "position", "message_id", "task", "queue", "subject", "verdict", "reason", "detail", "outcome", "at", "error_type",
)  # fmt: skip


def as_csv(operation: BulkOperation) -> Iterator[str]:
    """CSV with a header row. Payloads and error texts are left out: they may be personal."""
    return with_incomplete_marked(_lines(operation))


def _lines(operation: BulkOperation) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for item in selectors.items(operation).iterator(chunk_size=1000):
        row = item_as_dict(item)
        yield writer.writerow([escape_formula(row[column]) for column in COLUMNS])
