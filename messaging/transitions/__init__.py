"""Every state change of a message, each decided by a conditional UPDATE.

`delivery`: what workers report. `strays`: messages that did not come from the ledger. `dead`: one dead message revived,
discarded or restored. `bulk`: many dead messages in a constant number of statements.
"""

from messaging.transitions.bulk import discard_locked, lock_dead, restore_locked, revive_locked, unrevive
from messaging.transitions.dead import Intervention, cannot_revive, died_at, discard, restore, revive
from messaging.transitions.delivery import NotInLedger, bury, defer, reopen, reschedule, settle
from messaging.transitions.strays import file_stray

__all__ = [
    "Intervention", "NotInLedger", "bury", "cannot_revive", "defer", "died_at", "discard", "discard_locked",
    "file_stray", "lock_dead", "reopen", "reschedule", "restore", "restore_locked", "revive", "revive_locked", "settle",
    "unrevive",
]  # fmt: skip
