"""Audit log: who did what on the desk, in rows that the database protects from change."""

from messaging.operations.audit.log import (
    OPERATOR_ACTIONS,
    SYSTEM_ACTIONS,
    UnknownAction,
    entry,
    last_move,
    record,
    record_intervention,
    register,
)

__all__ = [
    "OPERATOR_ACTIONS", "SYSTEM_ACTIONS", "UnknownAction", "entry", "last_move", "record", "record_intervention",
    "register",
]  # fmt: skip
