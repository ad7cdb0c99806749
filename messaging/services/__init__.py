"""How does a message move on in the ledger, by its deliveries and by what operators wish?"""

from messaging.services.delivery import NotInLedger, bury, file_stray, reopen, reschedule, settle
from messaging.services.queues import AlreadyPaused, NotPaused, QueueUnknown, hurry, hurry_queue, pause, resume
from messaging.services.wishes import Outcome, ReasonMissing, discard, restore, retry

__all__ = [
    "AlreadyPaused", "NotInLedger", "NotPaused", "Outcome", "QueueUnknown", "ReasonMissing", "bury", "discard",
    "file_stray", "hurry", "hurry_queue", "pause", "reopen", "reschedule", "restore", "resume", "retry", "settle",
]  # fmt: skip
