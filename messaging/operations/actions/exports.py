"""Exports of failures: recorded in the audit log."""

import uuid
from collections.abc import Mapping

from messaging.operations import audit, permissions
from messaging.operations.permissions import Actor


def record_export(
    *, actor: Actor, filters: Mapping[str, str], operation_id: uuid.UUID | None = None, reason: str = ""
) -> None:
    """Record who exported which list, with its filters. Raises `PermissionDenied`."""
    actor.require(permissions.VIEW if operation_id is None else permissions.VIEW_BULK)
    data = {"filters": dict(filters)}
    audit.record(action="export", actor=actor, reason=reason, operation_id=operation_id, data=data)
