"""What does messaging keep? The ledger of messages, their failed attempts, and what operators did about them."""

from messaging.models.audit import AuditEntry
from messaging.models.ledger import LIVE_STATES, Attempt, FailedTask, Message, MessageQuerySet, State

__all__ = ["LIVE_STATES", "Attempt", "AuditEntry", "FailedTask", "Message", "MessageQuerySet", "State"]
