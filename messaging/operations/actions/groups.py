"""Failure groups: acknowledge, resolve, annotate, discard as a whole, and undo a discard."""

import hashlib
import uuid
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from messaging import transitions
from messaging.models import Message, State
from messaging.models.uuid7 import uuid7
from messaging.operations import audit, permissions
from messaging.operations.actions.messages import require_reason
from messaging.operations.models import AuditEntry, FailureGroup, GroupState
from messaging.operations.permissions import Actor
from messaging.transitions import Intervention

BATCH = 1000
_DESK = Actor.system("desk")
_MOVES: dict[str, tuple[GroupState, ...]] = {
    GroupState.ACKNOWLEDGED: (GroupState.OPEN, GroupState.REGRESSED),
    GroupState.RESOLVED: (GroupState.OPEN, GroupState.ACKNOWLEDGED, GroupState.REGRESSED),
    GroupState.OPEN: (GroupState.ACKNOWLEDGED, GroupState.RESOLVED, GroupState.REGRESSED),
}
_MOVED = [f"group {state}" for state in _MOVES]


class IllegalGroupState(ValueError):
    """The group cannot change from its state to the one asked for."""


class NoteChanged(RuntimeError):
    """The note is no longer the one that the operator saw. Nothing was changed."""


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
    audit.record(action=f"group {state}", actor=actor, reason=note, group=fingerprint)
    return group


@transaction.atomic
def resolve_settled() -> None:
    """Resolve open groups whose messages have all succeeded or been discarded, `BATCH` at most.

    A group stays open while a message is retried after the same failure, by itself or by an operator, and once an
    operator has reopened it. One that another transaction is changing is decided next time.
    """
    quiet = FailureGroup.objects.filter(state=GroupState.OPEN, dead_count=0).order_by("pk")
    ids = list(quiet.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH])
    if not ids:
        return
    # Under the lock, for which a death and an operator's retry wait.
    live = Message.objects.live().filter(fingerprint__in=ids).values_list("fingerprint", flat=True).distinct()
    settled = _not_reopened({*ids} - {*live})
    FailureGroup.objects.filter(pk__in=settled).update(state=GroupState.RESOLVED)
    AuditEntry.objects.bulk_create(
        audit.entry(action="group resolved", actor=_DESK, reason="None of its tasks is dead.", group=fingerprint)
        for fingerprint in settled
    )


def _not_reopened(fingerprints: Collection[str]) -> list[str]:
    moves = AuditEntry.objects.exclude(group="").filter(group=OuterRef("pk"), action__in=_MOVED).order_by("-id")
    last = Coalesce(Subquery(moves.values("action")[:1]), Value(""))
    found = FailureGroup.objects.filter(pk__in=fingerprints).alias(last=last).exclude(last=f"group {GroupState.OPEN}")
    return list(found.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def annotate_group(*, fingerprint: str, note: str, runbook: str, actor: Actor, seen: str = "") -> None:
    """Set a group's note and the address of its runbook. `seen` is the `note_version` that the operator saw, if known.

    Raises `PermissionDenied`, `FailureGroup.DoesNotExist` and `NoteChanged`.
    """
    actor.require(permissions.RETRY)
    group = FailureGroup.objects.select_for_update().get(pk=fingerprint)
    if seen and seen != note_version(group):
        raise NoteChanged(f"Somebody has changed the note of the group {fingerprint}.")
    FailureGroup.objects.filter(pk=fingerprint).update(note=note, runbook=runbook)
    audit.record(action="group note", actor=actor, group=fingerprint, data={"note": note, "runbook": runbook})


def note_version(group: FailureGroup) -> str:
    """Another one for each note and runbook."""
    return hashlib.sha256(f"{group.note}\0{group.runbook}".encode()).hexdigest()


def discard_group(
    *, fingerprint: str, until: datetime, actor: Actor, reason: str, operation_id: uuid.UUID | None = None
) -> tuple[uuid.UUID, int]:
    """Discard all messages of a group that were dead at `until`. Returns the operation's id and how many they were.

    Messages that die later are untouched. Raises `PermissionDenied` and `ReasonMissing`.
    """
    actor.require(permissions.DISCARD)
    require_reason(reason)
    operation = operation_id or uuid7()
    intervention = Intervention(actor=actor.name, action="discard", reason=reason, operation_id=operation)
    dead = Message.objects.dead().filter(fingerprint=fingerprint, finished_at__lte=until)
    return operation, _in_batches(
        lambda: dead, lambda rows: transitions.discard_locked(rows, intervention=intervention)
    )


def restore_operation(*, operation_id: uuid.UUID, actor: Actor, reason: str = "") -> int:
    """Undo a discard: the messages that it left discarded become dead again. Returns how many.

    One that was discarded anew since stays so: that is another decision. Raises `PermissionDenied`.
    """
    actor.require(permissions.DISCARD)
    intervention = Intervention(actor=actor.name, action="restore", reason=reason, operation_id=operation_id)
    return _in_batches(
        lambda: left_discarded(operation_id),
        lambda rows: transitions.restore_locked(rows, intervention=intervention),
    )


def discarded_by(operation_id: uuid.UUID) -> int:
    """How many messages of a discard are still discarded."""
    return left_discarded(operation_id).count()


def left_discarded(operation_id: uuid.UUID) -> QuerySet[Message]:
    """Messages that this discard discarded, and that neither a restore nor a newer discard has moved since."""
    newer = AuditEntry.objects.filter(message_id=OuterRef("message_id"), action="discard", id__gt=OuterRef("id"))
    discards = AuditEntry.objects.filter(operation_id=operation_id, action="discard").exclude(Exists(newer))
    return Message.objects.filter(state=State.DISCARDED, pk__in=discards.values("message_id"))


def restored_by(operation_id: uuid.UUID) -> QuerySet[AuditEntry, Any]:
    """Ids of the messages that the undo of a discard restored, as a subquery."""
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
