"""Tables of the desk: failure groups, alerts, bulk retries, audit log, throughput, saved filters,
and proxies for the admin."""

from messaging.operations.models.audit import AppendOnly, AuditEntry, PayloadEdit
from messaging.operations.models.bulk_retry import (
    SETTLED,
    BulkItem,
    BulkOperation,
    BulkState,
    ItemOutcome,
    SkipReason,
    Verdict,
)
from messaging.operations.models.failure_group import Alert, FailureGroup, FailureHour, GroupState
from messaging.operations.models.proxies import FailedTask, Queues
from messaging.operations.models.queue_minute import QueueMinute
from messaging.operations.models.saved_filter import FilteredList, SavedFilter

__all__ = [
    "SETTLED", "Alert", "AppendOnly", "AuditEntry", "BulkItem", "BulkOperation", "BulkState", "FailedTask",
    "FailureGroup", "FailureHour", "FilteredList", "GroupState", "ItemOutcome", "PayloadEdit", "QueueMinute", "Queues",
    "SavedFilter", "SkipReason", "Verdict",
]  # fmt: skip
