"""Every state change of a message, each decided by a conditional UPDATE.

`delivery`: what workers report. `strays`: messages that did not come from the ledger. `dead`: a message becomes dead.
`interventions`, `bulk`: dead messages revived, discarded, restored.
"""

from messaging.transitions.bulk import discard_locked, restore_locked, revive_locked, unrevive
from messaging.transitions.dead import bury
from messaging.transitions.delivery import NotInLedger, defer, give_back, reopen, reschedule, settle, wait
from messaging.transitions.interventions import Intervention, cannot_revive, revive
from messaging.transitions.locks import lock_dead
from messaging.transitions.strays import file_stray

__all__ = [
    "Intervention", "NotInLedger", "bury", "cannot_revive", "defer", "discard_locked", "file_stray", "give_back",
    "lock_dead", "reopen", "reschedule", "restore_locked", "revive", "revive_locked", "settle", "unrevive", "wait",
]  # fmt: skip
