"""How is it kept who did what on the operator's desk? As rows that are only ever added, in the deed's transaction."""

import uuid
from typing import Any

from messaging.models import AuditEntry
from messaging.permissions import Actor

#: What moves a message from one state to another; the rest, such as a reveal, only looks at it.
MOVES = ("retry", "edit", "discard", "restore", "bulk retry")
#: What people do. tests/messaging/test_deeds.py proves of each that every door to it leaves its trace.
DEEDS = frozenset(
    {
        *("retry", "edit", "discard", "restore", "reveal", "export", "hurry", "hurry queue", "pause queue"),
        *("resume queue", "group acknowledged", "group resolved", "group open", "group note", "bulk preview"),
        *("bulk start", "bulk pause", "bulk resume", "bulk cancel", "try circuit"),
    }
)
#: What runs by itself, some of it because of a deed.
OF_ITSELF = frozenset({"bulk retry", "bulk finish", "bulk stop", "purge"})


class UnknownVerb(ValueError):
    """The verb stands in neither `DEEDS` nor `OF_ITSELF`, so that nothing proves who leaves it in the trail."""


def entry(
    *,
    action: str,
    actor: Actor,
    reason: str = "",
    message_id: uuid.UUID | None = None,
    group: str = "",
    queue: str = "",
    operation_id: uuid.UUID | None = None,
    data: dict[str, Any] | None = None,
) -> AuditEntry:
    """An entry that is not yet written, for those who write many at once. Raises `UnknownVerb`."""
    if action not in DEEDS | OF_ITSELF:
        raise UnknownVerb(f"{action!r} is no verb of the audit; add it to messaging.trail, and to the test of deeds.")
    return AuditEntry(
        action=action,
        actor=actor.name[:150],
        reason=reason[:500],
        message_id=message_id,
        group=group,
        queue=queue,
        operation_id=operation_id,
        data=data or {},
    )


def record(*, action: str, actor: Actor, **what: Any) -> AuditEntry:
    """Write one entry; `what` is as in `entry`."""
    written = entry(action=action, actor=actor, **what)
    written.save(force_insert=True)
    return written


def last_move(message_id: uuid.UUID) -> AuditEntry | None:
    """Who moved this message last, and how."""
    return AuditEntry.objects.filter(message_id=message_id, action__in=MOVES).order_by("-id").first()
