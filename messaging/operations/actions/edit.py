"""Edit and retry: replaces a dead message's payload. Also reveals payloads, which the audit log records."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from messaging import transitions
from messaging.models import Message, State
from messaging.operations import audit, permissions
from messaging.operations.actions.messages import (
    CHANGED_SINCE,
    Outcome,
    require_reason,
    version_of,
    wake_relay,
    why_not_dead,
)
from messaging.operations.failures.labels import task_of
from messaging.operations.models import PayloadEdit
from messaging.operations.permissions import Actor
from messaging.operations.privacy.masking import mask
from messaging.payloads import Payload, payload_for
from messaging.transitions import Intervention


class CannotEdit(ValueError):
    """No schema describes this message's payload."""


def schema_of(message: Message) -> type[Payload]:
    """The payload class that validates an edit. Raises `CannotEdit` if the deployed code does not know the task."""
    payload = payload_for(task_of(message))
    if payload is None:
        raise CannotEdit(
            f"The deployed code does not know the task {task_of(message)!r}, so its payload has no schema."
        )
    return payload


def edited(message: Message, data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` as the payload that would be sent. Raises pydantic's `ValidationError`, and `CannotEdit`.

    Validated as JSON, so that strings are accepted for UUIDs and the like.
    """
    return schema_of(message).model_validate_json(json.dumps(dict(data))).dump()


def edit_and_retry(*, id_: uuid.UUID, data: Mapping[str, Any], seen: str, actor: Actor, reason: str) -> Outcome:
    """Replace a dead message's payload and retry it. The old payload is kept in `PayloadEdit`.

    `seen` is the `version_of` the message that the operator looked at. Raises `PermissionDenied`, `ReasonMissing`,
    `CannotEdit`, and pydantic's `ValidationError`.
    """
    actor.require(permissions.EDIT)
    require_reason(reason)
    with transaction.atomic():
        outcome = _edit(id_, data, seen=seen, actor=actor, reason=reason)
    wake_relay(outcome)
    return outcome


@transaction.atomic
def reveal(*, message: Message, actor: Actor, reason: str = "") -> Any:
    """The payload unmasked; the audit log records who looked. Raises `PermissionDenied`."""
    actor.require(permissions.REVEAL)
    audit.record(action="reveal", actor=actor, reason=reason, message_id=message.pk, group=message.fingerprint)
    return message.payload


def reveal_for_edit(*, message: Message, actor: Actor) -> bool:
    """Record a reveal if editing this payload shows personal data. Returns whether it does.

    Raises `PermissionDenied`.
    """
    actor.require(permissions.EDIT)
    if mask(message.payload) == message.payload:
        return False
    data = {"for": "edit"}
    audit.record(action="reveal", actor=actor, message_id=message.pk, group=message.fingerprint, data=data)
    return True


def _edit(id_: uuid.UUID, data: Mapping[str, Any], *, seen: str, actor: Actor, reason: str) -> Outcome:
    message = Message.objects.select_for_update().filter(pk=id_).first()
    if message is None or message.state != State.DEAD:
        return Outcome(skipped={id_: why_not_dead(id_)})
    if version_of(message) != seen:
        return Outcome(skipped={id_: CHANGED_SINCE})
    schema, before, after = schema_of(message), message.payload, edited(message, data)
    message.task = schema.task
    intervention = Intervention(actor=actor.name, action="edit", reason=reason)
    changes = {"task": schema.task, "payload": after, "schema_version": schema.version, "revivals": 0}
    transitions.revive(message, intervention=intervention, **changes)
    PayloadEdit.objects.create(message_id=id_, before=before, after=after, actor=actor.name, reason=reason[:500])
    return Outcome(done=[id_])


def current_payload(message: Message) -> dict[str, Any]:
    """The payload lifted to the current schema version, or unchanged if that is impossible."""
    data = message.payload if isinstance(message.payload, dict) else {}
    try:
        return schema_of(message).load(data, version=message.schema_version).dump()
    except Exception:  # whatever a lift raises about what it did not expect
        return data
