"""How does what became of each message leave the desk as a file? Row by row, so that any number fits."""

import csv
from collections.abc import Iterator

from messaging.bulk import selectors
from messaging.bulk.facts import facts_of_item
from messaging.desk.exports import Echo, harmless
from messaging.models import BulkOperation

COLUMNS = (
    "position", "message_id", "task", "queue", "subject", "verdict", "reason", "detail", "outcome", "at", "error_type",
)  # fmt: skip


def as_csv(operation: BulkOperation) -> Iterator[str]:
    """Comma-separated, with a line of names. Payloads and error texts stay out: they may be personal."""
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for item in selectors.items(operation).iterator(chunk_size=1000):
        row = facts_of_item(item)
        yield writer.writerow([harmless(row[column]) for column in COLUMNS])
