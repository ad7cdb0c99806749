"""How does a message move on in the ledger, by its deliveries and by what operators wish?"""

from messaging.services.delivery import NotInLedger, bury, file_stray, reopen, reschedule, settle
from messaging.services.wishes import Outcome, ReasonMissing, discard, restore, retry

__all__ = [
    "NotInLedger", "Outcome", "ReasonMissing", "bury", "discard", "file_stray", "reopen", "reschedule", "restore",
    "retry", "settle",
]  # fmt: skip
