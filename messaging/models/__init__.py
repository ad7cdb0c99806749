"""What does messaging keep? The ledger of messages, their failures and groups, and what operators did about them."""

from messaging.models.audit import AppendOnly, AuditEntry, PayloadEdit
from messaging.models.bulk import (
    SETTLED,
    BulkItem,
    BulkOperation,
    BulkState,
    ItemOutcome,
    SkipReason,
    Verdict,
)
from messaging.models.circuits import Circuit
from messaging.models.groups import Alert, FailureGroup, FailureHour, GroupState
from messaging.models.ledger import LIVE_STATES, Attempt, FailedTask, Message, MessageQuerySet, State
from messaging.models.minutes import QueueMinute
from messaging.models.pauses import QueuePause, Queues

__all__ = [
    "LIVE_STATES", "SETTLED", "Alert", "AppendOnly", "Attempt", "AuditEntry", "BulkItem", "BulkOperation", "BulkState",
    "Circuit", "FailedTask", "FailureGroup", "FailureHour", "GroupState", "ItemOutcome", "Message", "MessageQuerySet",
    "PayloadEdit", "QueueMinute", "QueuePause", "Queues", "SkipReason", "State", "Verdict",
]  # fmt: skip
