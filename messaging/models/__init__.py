"""What does messaging keep? The ledger of messages, their failures and groups, and what operators did about them."""

from messaging.models.audit import AppendOnly, AuditEntry, PayloadEdit
from messaging.models.groups import Alert, FailureGroup, FailureHour, GroupState
from messaging.models.ledger import LIVE_STATES, Attempt, FailedTask, Message, MessageQuerySet, State

__all__ = [
    "LIVE_STATES", "Alert", "AppendOnly", "Attempt", "AuditEntry", "FailedTask", "FailureGroup", "FailureHour",
    "GroupState", "Message", "MessageQuerySet", "PayloadEdit", "State",
]  # fmt: skip
