"""Writes audit entries, in the transaction of the action they record."""

import uuid
from collections.abc import Sequence
from typing import Any, Final

from messaging.models import Message
from messaging.operations.models import AuditEntry
from messaging.operations.permissions import Actor
from messaging.transitions import Intervention

#: Actions that move a message from one state to another. Others, such as a reveal, only read it.
MOVES: Final = ("retry", "edit", "discard", "restore", "bulk retry")
#: Done by operators. tests/messaging/operations/test_audited_actions.py proves that each is audited.
OPERATOR_ACTIONS: Final = frozenset({
    "retry", "edit", "discard", "restore", "release", "reveal", "export", "dry run", "run now", "run queue now",
    "pause queue", "resume queue", "group acknowledged", "group resolved", "group open", "group note", "bulk preview",
    "bulk start", "bulk pause", "bulk resume", "bulk cancel", "probe circuit", "save filter", "delete filter",
})  # fmt: skip
#: Done by the system, in part on behalf of an operator.
SYSTEM_ACTIONS: Final = frozenset({"bulk retry", "bulk finish", "bulk stop", "dry run ended", "purge"})
_others: set[str] = set()


class UnknownAction(ValueError):
    """The action is in neither `OPERATOR_ACTIONS` nor `SYSTEM_ACTIONS`, and no other app has registered it."""


def register(*actions: str) -> None:
    """Let another app record these actions."""
    _others.update(actions)


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
    """An unsaved entry. Raises `UnknownAction`."""
    if action not in OPERATOR_ACTIONS | SYSTEM_ACTIONS | _others:
        raise UnknownAction(f"{action!r} is not an action of the audit log; add it to messaging.operations.audit.log.")
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


def record_intervention(*, messages: Sequence[Message], intervention: Intervention, **kwargs: Any) -> None:
    """Receiver: one entry for each message that was revived, discarded or restored.

    A cancelled bulk retry makes messages dead again; its own entry says so.
    """
    if intervention.action not in MOVES:
        return
    AuditEntry.objects.bulk_create(
        entry(
            action=intervention.action,
            actor=Actor.system(intervention.actor),
            reason=intervention.reason,
            message_id=message.pk,
            group=message.fingerprint,
            operation_id=intervention.operation_id,
        )
        for message in messages
    )


def last_move(message_id: uuid.UUID) -> AuditEntry | None:
    """The last action that moved this message."""
    return AuditEntry.objects.filter(message_id=message_id, action__in=MOVES).order_by("-id").first()
