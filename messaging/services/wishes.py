"""How does an operator send dead messages again, give them up, or take that back?

Each message is one transaction, and a conditional UPDATE decides: the second of two operators is told who was first.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from messaging import permissions, rollup, trail, wakeup
from messaging.models import Message, State
from messaging.payloads import Payload, payload_for
from messaging.permissions import Actor
from messaging.signals import replayed
from messaging.topology import Priority, UnroutableKey, topology
from messaging.uuids import uuid7

NO_SUCH = "there is no such message"


@dataclass
class Outcome:
    """What an operator's wish came to: the ids it was done for, and why not for the others.

    By its `operation_id` a discard is taken back as a whole.
    """

    done: list[uuid.UUID] = field(default_factory=list)
    skipped: dict[uuid.UUID, str] = field(default_factory=dict)
    operation_id: uuid.UUID | None = None


class ReasonMissing(ValueError):
    """What cannot be undone by looking away needs a reason that stays with it."""


def retry(*, ids: Iterable[uuid.UUID], actor: Actor, reason: str = "") -> Outcome:
    """Send dead messages again, each with a fresh count of attempts. What they did before stays done.

    Raises `PermissionDenied`.
    """
    actor.require(permissions.RETRY)
    outcome = _each(ids, lambda id_: _replay_one(id_, actor=actor, reason=reason))
    wake(outcome)
    return outcome


def discard(*, ids: Iterable[uuid.UUID], actor: Actor, reason: str) -> Outcome:
    """Give dead messages up, for a reason that stays with them. Raises `PermissionDenied`, `ReasonMissing`."""
    actor.require(permissions.DISCARD)
    need_reason(reason)
    operation = uuid7()
    outcome = _each(ids, lambda id_: _discard_one(id_, actor=actor, reason=reason, operation=operation))
    outcome.operation_id = operation
    return outcome


def restore(*, ids: Iterable[uuid.UUID], actor: Actor, reason: str = "") -> Outcome:
    """Make discarded messages dead again, as they were. Raises `PermissionDenied`."""
    actor.require(permissions.DISCARD)
    return _each(ids, lambda id_: _restore_one(id_, actor=actor, reason=reason))


def need_reason(reason: str) -> None:
    """Raises `ReasonMissing` where there is none."""
    if not reason.strip():
        raise ReasonMissing("A reason is needed: say why, so that whoever comes next understands it.")


def wake(outcome: Outcome) -> None:
    """Let the relay know that something is due, once for all of it."""
    if outcome.done:
        with transaction.atomic():
            wakeup.call()


def replay(message: Message, **changes: Any) -> bool:
    """Make a dead message due again, in the caller's transaction. False: it is no longer dead, and nothing changed.

    `changes` are further columns. The caller has asked `why_not_replay`, and writes to the trail.
    """
    payload = payload_for(message.task)
    assert payload is not None  # noqa: S101 - what why_not_replay() has established
    fresh = {"available_at": timezone.now(), "replayed_from": F("attempts"), "finished_at": None, "note": ""}
    if not leave(message, State.PENDING, **fresh, **way_to_send(message, payload), **changes):
        return False
    replayed.send(sender=Message, messages=[message])
    return True


def why_not_replay(message: Message | None) -> str | None:
    """What speaks against sending this message again, but for its state; None if nothing does."""
    if message is None:
        return NO_SUCH
    if not message.task:
        return "its body could not be read, so there is nothing to send; edit it, or discard it"
    if payload_for(message.task) is None:
        return f"no code here knows the task {message.task!r}; deploy it first, or discard the message"
    return None


def leave(message: Message, state: State, **changes: Any) -> bool:
    """Move a message out of `dead`, if that is where it still is, and out of its group's count."""
    if not Message.objects.filter(pk=message.pk, state=State.DEAD).update(state=state, **changes):
        return False
    rollup.left([message])
    return True


def why_not(id_: uuid.UUID, wanted: State = State.DEAD) -> str:
    """Why a message is not in the state that a wish needs: who moved it, and when."""
    message = Message.objects.filter(pk=id_).only("state").first()
    if message is None:
        return NO_SUCH
    move = trail.last_move(id_)
    by = f" ({move.action} by {move.actor} at {move.at:%Y-%m-%d %H:%M:%S} UTC)" if move else ""
    return f"it is no longer {wanted.label} but {State(message.state).label}{by}"


def _each(ids: Iterable[uuid.UUID], act: Callable[[uuid.UUID], str | None]) -> Outcome:
    outcome = Outcome()
    for id_ in ids:
        with transaction.atomic():
            fault = act(id_)
        if fault is None:
            outcome.done.append(id_)
        else:
            outcome.skipped[id_] = fault
    return outcome


def _replay_one(id_: uuid.UUID, *, actor: Actor, reason: str) -> str | None:
    message = Message.objects.filter(pk=id_).first()
    fault = why_not_replay(message)
    if message is None or fault is not None:
        return fault
    if not replay(message):
        return why_not(id_)
    trail.record(action="retry", actor=actor, reason=reason, message_id=id_, group=message.fingerprint)
    return None


def _discard_one(id_: uuid.UUID, *, actor: Actor, reason: str, operation: uuid.UUID) -> str | None:
    message = Message.objects.filter(pk=id_).first()
    if message is None or not leave(message, State.DISCARDED, note=reason[:500], finished_at=timezone.now()):
        return why_not(id_)
    trail.record(
        action="discard",
        actor=actor,
        reason=reason,
        message_id=id_,
        group=message.fingerprint,
        operation_id=operation,
    )
    return None


def _restore_one(id_: uuid.UUID, *, actor: Actor, reason: str) -> str | None:
    message = Message.objects.filter(pk=id_).first()
    discarded = Message.objects.filter(pk=id_, state=State.DISCARDED)
    if message is None or not discarded.update(state=State.DEAD, note="", finished_at=died_at(message)):
        return why_not(id_, State.DISCARDED)
    rollup.came_back([message])
    trail.record(action="restore", actor=actor, reason=reason, message_id=id_, group=message.fingerprint)
    return None


def died_at(message: Message) -> datetime:
    """When the last attempt of a message ended; its attempts may have been prefetched."""
    return max((attempt.ended_at for attempt in message.attempt_set.all()), default=timezone.now())


def way_to_send(message: Message, payload: type[Payload]) -> dict[str, str]:
    """A message that came past the ledger may have found its queue by a key that leads nowhere from here."""
    try:
        topology().queue_for(message.routing_key)
    except UnroutableKey:
        key = f"{payload.routing_key}.{Priority.LOW.word}"
        return {"routing_key": key, "queue": topology().queue_for(key)}
    return {}
