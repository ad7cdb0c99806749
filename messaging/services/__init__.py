"""How does a message move on in the ledger, by its deliveries and by what operators wish?"""

from messaging.services.circuits import CircuitClosed, probe
from messaging.services.delivery import NotInLedger, bury, defer, file_stray, reopen, reschedule, settle
from messaging.services.edits import CannotEdit, edit_and_retry, reveal, seen_to_edit
from messaging.services.exports import note_export
from messaging.services.groups import (
    IllegalGroupState,
    annotate_group,
    discard_group,
    restore_operation,
    set_group_state,
)
from messaging.services.queues import AlreadyPaused, NotPaused, QueueUnknown, hurry, hurry_queue, pause, resume
from messaging.services.wishes import Outcome, ReasonMissing, discard, restore, retry

__all__ = [
    "AlreadyPaused", "CannotEdit", "CircuitClosed", "IllegalGroupState", "NotInLedger", "NotPaused", "Outcome",
    "QueueUnknown", "ReasonMissing", "annotate_group", "bury", "defer", "discard", "discard_group",
    "edit_and_retry", "file_stray", "hurry", "hurry_queue", "note_export", "pause", "probe", "reopen", "reschedule",
    "restore", "restore_operation", "resume", "retry", "reveal", "seen_to_edit", "set_group_state", "settle",
]  # fmt: skip
