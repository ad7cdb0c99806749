"""Dead messages: revived (pending again), discarded, restored. In the caller's transaction."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, When

from messaging import clock
from messaging.models import Message, State
from messaging.payloads import Payload, payload_for
from messaging.signals import messages_revived
from messaging.topology import Priority, UnroutableKey, topology

#: Columns of a revived message, which gets a new count of attempts.
FRESH = {
    "state": State.PENDING, "replayed_from": F("attempts"), "finished_at": None, "note": "", "is_promoted": False,
    "revivals": F("revivals") + 1,
    "priority": Case(
        When(priority__gte=Priority.HIGH, then=Priority.HIGH),
        When(priority__lt=Priority.NORMAL, then=Priority.LOW),
        default=Priority.NORMAL,
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """Who moves dead messages and why. It travels with the signal, so that a listener can keep an audit log.

    `action` is a verb of the audit log, such as `retry`; `operation_id` names the operation this is part of.
    """

    actor: str
    action: str
    reason: str = ""
    operation_id: uuid.UUID | None = None


def revive(message: Message, *, intervention: Intervention, **changes: Any) -> bool:
    """Make a dead message due again with a new count of attempts. False: it is no longer dead.

    `changes` are further columns. The caller has asked `cannot_revive`.
    """
    payload = payload_for(message.task)
    assert payload is not None  # noqa: S101 - established by cannot_revive()
    columns = {**FRESH, "available_at": clock.moment(), **route(message, payload), **changes}
    if not Message.objects.filter(pk=message.pk, state=State.DEAD).update(**columns):
        return False
    messages_revived.send(sender=Message, messages=[message], intervention=intervention)
    return True


def cannot_revive(message: Message | None) -> str | None:
    """Why this message can never be sent again as it is; None if it can."""
    if message is None:
        return "there is no such message"
    if not message.task:
        return "its body could not be read, so there is nothing to send; edit or discard it"
    if payload_for(message.task) is None:
        return f"no worker of this release knows the task {message.task!r}; deploy one that does, or discard it"
    return None


def route(message: Message, payload: type[Payload]) -> dict[str, str]:
    """Columns that make a message routable: a stray may carry a routing key that no queue is bound for."""
    try:
        topology().queue_for(message.routing_key)
    except UnroutableKey:
        key = Priority.LOW.routing_key(payload.routing_key)
        return {"routing_key": key, "queue": topology().queue_for(key)}
    return {}
