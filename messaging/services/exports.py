"""How is it kept that a list of failures left the desk as a file?"""

import uuid
from collections.abc import Mapping

from messaging import permissions, trail
from messaging.permissions import Actor


def note_export(
    *, actor: Actor, filters: Mapping[str, str], operation_id: uuid.UUID | None = None, reason: str = ""
) -> None:
    """Keep who took which list with them, as it was narrowed by `filters`. Raises `PermissionDenied`."""
    actor.require(permissions.VIEW if operation_id is None else permissions.VIEW_BULK)
    data = {"filters": dict(filters)}
    trail.record(action="export", actor=actor, reason=reason, operation_id=operation_id, data=data)
