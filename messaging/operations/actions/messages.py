"""Retry, discard and restore of failed tasks.

Each message is one transaction decided by a conditional UPDATE: of two operators, the second is shown who acted first.
"""

import uuid
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from messaging import clock, transitions
from messaging.models import Message, State
from messaging.models.uuid7 import uuid7
from messaging.operations import audit, permissions
from messaging.operations.failures import quarantine
from messaging.operations.permissions import Actor
from messaging.relay import wakeup
from messaging.transitions import Intervention

CHANGED_SINCE: Final = "it changed after you opened it; look at it again"


@dataclass
class Outcome:
    """The result of an action: the ids it was done for, and the reason for each it was not done for.

    `quarantined` are those of the latter that `retry` takes only singly, confirmed. A discard can be undone as a whole
    by its `operation_id`.
    """

    done: list[uuid.UUID] = field(default_factory=list)
    skipped: dict[uuid.UUID, str] = field(default_factory=dict)
    quarantined: list[uuid.UUID] = field(default_factory=list)
    operation_id: uuid.UUID | None = None


class ReasonMissing(ValueError):
    """The action needs a reason, which is kept with it."""


def retry(*, ids: Iterable[uuid.UUID], actor: Actor, reason: str = "", confirm_quarantined: bool = False) -> Outcome:
    """Queue dead messages for retry, oldest first, each with a fresh count of attempts. Effects of earlier ones stay.

    Skips quarantined messages, unless `confirm_quarantined`. Raises `PermissionDenied`.
    """
    actor.require(permissions.RETRY)
    intervention = Intervention(actor=actor.name, action="retry", reason=reason)
    quarantined: list[uuid.UUID] = []

    def revive(id_: uuid.UUID) -> str | None:
        message = transitions.lock_dead([id_]).get(id_)
        if message is None:
            return why_not_dead(id_)
        if quarantine.is_quarantined(message) and not confirm_quarantined:
            quarantined.append(id_)
            return _("it is quarantined: earlier retries did not help. Retry it singly and confirm that, or edit it")
        why_not = transitions.cannot_revive(message)
        if why_not is None:
            transitions.revive(message, intervention=intervention)
        return why_not

    outcome = _each(sorted(ids), revive)
    outcome.quarantined = quarantined
    wake_relay(outcome)
    return outcome


def release(*, ids: Iterable[uuid.UUID], actor: Actor, reason: str = "") -> Outcome:
    """Release messages from quarantine: they stay dead, and bulk retries include them again.

    Raises `PermissionDenied`.
    """
    actor.require(permissions.RETRY)

    def act(id_: uuid.UUID) -> str | None:
        message = transitions.lock_dead([id_]).get(id_)
        if message is None:
            return why_not_dead(id_)
        if not quarantine.is_quarantined(message):
            return _("it is not quarantined")
        Message.objects.filter(pk=id_).update(revivals=0)
        audit.record(action="release", actor=actor, reason=reason, message_id=id_, group=message.fingerprint)
        return None

    return _each(ids, act)


def version_of(message: Message) -> str:
    """The version of a message that an operator looked at. A different value later means that it has changed."""
    return f"{message.state}.{message.attempts}.{message.replayed_from}"


def discard(
    *,
    ids: Iterable[uuid.UUID],
    actor: Actor,
    reason: str,
    seen: Collection[str] | None = None,
    operation_id: uuid.UUID | None = None,
) -> Outcome:
    """Discard dead messages for a reason that stays with them, as a part of the operation, if one is given.

    `seen` are ids and `version_of` the messages on the page that was submitted, with a blank between: one that was
    retried and died anew since is skipped. Raises `PermissionDenied`, `ReasonMissing`.
    """
    actor.require(permissions.DISCARD)
    require_reason(reason)
    operation = operation_id or uuid7()
    intervention = Intervention(actor=actor.name, action="discard", reason=reason, operation_id=operation)

    def act(id_: uuid.UUID) -> str | None:
        dead = transitions.lock_dead([id_])
        if not dead:
            return why_not_dead(id_)
        if seen is not None and f"{id_} {version_of(dead[id_])}" not in seen:
            return CHANGED_SINCE
        transitions.discard_locked(list(dead.values()), intervention=intervention)
        return None

    outcome = _each(ids, act)
    outcome.operation_id = operation
    return outcome


def restore(
    *, ids: Iterable[uuid.UUID], actor: Actor, reason: str = "", operation_id: uuid.UUID | None = None
) -> Outcome:
    """Make discarded messages dead again, as they were, as a part of the undo of a discard, if its id is given.

    Raises `PermissionDenied`.
    """
    actor.require(permissions.DISCARD)
    intervention = Intervention(actor=actor.name, action="restore", reason=reason, operation_id=operation_id)

    def act(id_: uuid.UUID) -> str | None:
        discarded = list(Message.objects.select_for_update().filter(pk=id_, state=State.DISCARDED))
        if not discarded:
            return why_not_dead(id_, State.DISCARDED)
        transitions.restore_locked(discarded, intervention=intervention)
        return None

    return _each(ids, act)


def require_reason(reason: str) -> None:
    """Raises `ReasonMissing` where there is none."""
    if not reason.strip():
        raise ReasonMissing("A reason is required. It is kept in the audit log.")


def wake_relay(outcome: Outcome) -> None:
    """Notify the relay that messages are due, once for the whole outcome."""
    if outcome.done:
        with transaction.atomic():
            wakeup.call()


def why_not_dead(id_: uuid.UUID, wanted: State = State.DEAD) -> str:
    """Why a message is not in the state that an action needs: who moved it, and when."""
    message = Message.objects.filter(pk=id_).only("state").first()
    if message is None:
        return str(transitions.cannot_revive(None))
    move = audit.last_move(id_)
    by = f" ({move.action} by {move.actor} at {clock.text(move.at)})" if move else ""
    return f"it is no longer {wanted.label} but {State(message.state).label}{by}"


def _each(ids: Iterable[uuid.UUID], act: Callable[[uuid.UUID], str | None]) -> Outcome:
    outcome = Outcome()
    for id_ in ids:
        with transaction.atomic():
            why_not = act(id_)
        if why_not is None:
            outcome.done.append(id_)
        else:
            outcome.skipped[id_] = why_not
    return outcome
