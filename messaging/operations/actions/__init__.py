"""Operator actions: each checks a permission, runs in transactions, and writes the audit log."""

from messaging.operations.actions.circuits import CircuitClosed, probe
from messaging.operations.actions.dry_runs import dry_run
from messaging.operations.actions.edit import CannotEdit, edit_and_retry, reveal, reveal_for_edit
from messaging.operations.actions.exports import record_export
from messaging.operations.actions.groups import (
    IllegalGroupState,
    NoteChanged,
    annotate_group,
    discard_group,
    note_version,
    restore_operation,
    set_group_state,
)
from messaging.operations.actions.messages import (
    Outcome,
    ReasonMissing,
    discard,
    release,
    restore,
    retry,
    version_of,
)
from messaging.operations.actions.queues import (
    AlreadyPaused,
    NotPaused,
    QueueUnknown,
    pause,
    resume,
    run_now,
    run_queue_now,
)
from messaging.operations.actions.saved_filters import FilterRefused, delete_filter, save_filter

__all__ = [
    "AlreadyPaused", "CannotEdit", "CircuitClosed", "FilterRefused", "IllegalGroupState", "NotPaused", "NoteChanged",
    "Outcome", "QueueUnknown", "ReasonMissing", "annotate_group", "delete_filter", "discard", "discard_group",
    "dry_run", "edit_and_retry", "note_version", "pause", "probe", "record_export", "release", "restore",
    "restore_operation", "resume", "retry", "reveal", "reveal_for_edit", "run_now", "run_queue_now", "save_filter",
    "set_group_state", "version_of",
]  # fmt: skip
