"""How does a person say what they know of a group, and how is all of a group given up or taken back?"""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from messaging import permissions, rollup, trail
from messaging.models import AuditEntry, FailureGroup, GroupState, Message, State
from messaging.permissions import Actor
from messaging.services.wishes import died_at, need_reason
from messaging.uuids import uuid7

BATCH = 1000
_MOVES: dict[str, tuple[GroupState, ...]] = {
    GroupState.ACKNOWLEDGED: (GroupState.OPEN, GroupState.REGRESSED),
    GroupState.RESOLVED: (GroupState.OPEN, GroupState.ACKNOWLEDGED, GroupState.REGRESSED),
    GroupState.OPEN: (GroupState.ACKNOWLEDGED, GroupState.RESOLVED, GroupState.REGRESSED),
}


class IllegalGroupState(ValueError):
    """The group cannot go from the state it is in to the one that was wanted."""


@transaction.atomic
def set_group_state(*, fingerprint: str, state: GroupState, actor: Actor, note: str = "") -> FailureGroup:
    """Acknowledge, resolve or reopen a group; a `note` replaces the one it has.

    Raises `PermissionDenied`, `FailureGroup.DoesNotExist`, and `IllegalGroupState` naming both states.
    """
    actor.require(permissions.RETRY)
    changes: dict[str, Any] = {"state": state} | ({"note": note} if note else {})
    moved = FailureGroup.objects.filter(pk=fingerprint, state__in=_MOVES[state]).update(**changes)
    group = FailureGroup.objects.get(pk=fingerprint)
    if not moved:
        raise IllegalGroupState(
            f"The group is {GroupState(group.state).label}; it cannot become {GroupState(state).label}."
        )
    trail.record(action=f"group {state}", actor=actor, reason=note, group=fingerprint)
    return group


@transaction.atomic
def annotate_group(*, fingerprint: str, note: str, runbook: str, actor: Actor) -> None:
    """Write down what is known of a group, and where it stands what to do. Raises `PermissionDenied`."""
    actor.require(permissions.RETRY)
    FailureGroup.objects.filter(pk=fingerprint).update(note=note, runbook=runbook)
    trail.record(action="group note", actor=actor, group=fingerprint, data={"note": note, "runbook": runbook})


def discard_group(*, fingerprint: str, until: datetime, actor: Actor, reason: str) -> tuple[uuid.UUID, int]:
    """Give up all messages of a group that were dead at `until`; the operation's id, and how many they were.

    What dies later is untouched. Raises `PermissionDenied` and `ReasonMissing`.
    """
    actor.require(permissions.DISCARD)
    need_reason(reason)
    operation = uuid7()
    dead = Message.objects.dead().filter(fingerprint=fingerprint, finished_at__lte=until)
    now = timezone.now()

    def give_up(rows: list[Message]) -> None:
        ids = [row.pk for row in rows]
        Message.objects.filter(pk__in=ids).update(state=State.DISCARDED, note=reason[:500], finished_at=now)
        rollup.left(rows)
        _keep("discard", rows, actor=actor, reason=reason, operation=operation)

    return operation, _in_batches(lambda: dead, give_up)


def restore_operation(*, operation_id: uuid.UUID, actor: Actor, reason: str = "") -> int:
    """Take a discard back: all that it gave up, and that is still discarded, is dead again. How many.

    Raises `PermissionDenied`.
    """
    actor.require(permissions.DISCARD)

    def come_back(rows: list[Message]) -> None:
        for row in rows:
            row.state, row.note, row.finished_at = State.DEAD, "", died_at(row)
        Message.objects.bulk_update(rows, ["state", "note", "finished_at"])
        rollup.came_back(rows)
        _keep("restore", rows, actor=actor, reason=reason, operation=operation_id)

    given_up = AuditEntry.objects.filter(operation_id=operation_id, action="discard").values("message_id")
    return _in_batches(
        lambda: Message.objects.filter(state=State.DISCARDED, pk__in=given_up).prefetch_related("attempt_set"),
        come_back,
    )


def discarded_by(operation_id: uuid.UUID) -> int:
    """How many messages a discard gave up and nobody has restored yet."""
    given_up = AuditEntry.objects.filter(operation_id=operation_id, action="discard").values("message_id")
    return Message.objects.filter(state=State.DISCARDED, pk__in=given_up).count()


def restored_by(operation_id: uuid.UUID) -> QuerySet[AuditEntry, Any]:
    """The ids of the messages that the undo of a discard made dead again, for a subquery."""
    return AuditEntry.objects.filter(operation_id=operation_id, action="restore").values("message_id")


def _in_batches(left: Callable[[], Any], act: Callable[[list[Message]], None]) -> int:
    """Short transactions, so that no relay or worker waits long for a row."""
    count = 0
    while True:
        with transaction.atomic():
            rows = list(left().select_for_update().order_by("pk")[:BATCH])
            if not rows:
                return count
            act(rows)
        count += len(rows)


def _keep(action: str, rows: list[Message], *, actor: Actor, reason: str, operation: uuid.UUID) -> None:
    AuditEntry.objects.bulk_create(
        trail.entry(
            action=action,
            actor=actor,
            reason=reason,
            message_id=row.pk,
            group=row.fingerprint,
            operation_id=operation,
        )
        for row in rows
    )
