"""How does what became of each message leave the desk as a file? Row by row, so that any number fits."""

import csv
from collections.abc import Iterator

from messaging.operations.bulk_retry import selectors
from messaging.operations.bulk_retry.as_dict import item_as_dict
from messaging.operations.failures.export import Echo, harmless
from messaging.operations.models import BulkOperation

COLUMNS = (
    "position", "message_id", "task", "queue", "subject", "verdict", "reason", "detail", "outcome", "at", "error_type",
)  # fmt: skip


def as_csv(operation: BulkOperation) -> Iterator[str]:
    """Comma-separated, with a line of names. Payloads and error texts stay out: they may be personal."""
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for item in selectors.items(operation).iterator(chunk_size=1000):
        row = item_as_dict(item)
        yield writer.writerow([harmless(row[column]) for column in COLUMNS])
