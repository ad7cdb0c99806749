"""How does an operator mend a message's payload and send it again, and who may see what it holds?"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from messaging import permissions, trail
from messaging.desk.words import task_of
from messaging.masking import mask
from messaging.models import Message, PayloadEdit, State
from messaging.payloads import Payload, PayloadInvalid, payload_for
from messaging.permissions import Actor
from messaging.services.wishes import Outcome, need_reason, replay, wake, why_not


class CannotEdit(ValueError):
    """There is no schema to edit this message by, or it is no longer what the operator saw."""


def schema_of(message: Message) -> type[Payload]:
    """The payload class that a message is edited by. Raises `CannotEdit` where no code here knows its task."""
    payload = payload_for(task_of(message))
    if payload is None:
        raise CannotEdit(f"No code here knows the task {task_of(message)!r}, so nothing says what it may carry.")
    return payload


def version_of(message: Message) -> str:
    """What an operator saw of a message; another value later means that it has changed since."""
    return f"{message.state}.{message.attempts}.{message.replayed_from}"


def edited(message: Message, data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` as the payload that would be sent. Raises pydantic's `ValidationError`, and `CannotEdit`."""
    return schema_of(message).model_validate_json(_json(data)).dump()


def edit_and_retry(*, id_: uuid.UUID, data: Mapping[str, Any], seen: str, actor: Actor, reason: str) -> Outcome:
    """Replace a dead message's payload and send it again; what it held before is kept for ever.

    `seen` is the `version_of` the message that the operator looked at. Raises `PermissionDenied`, `ReasonMissing`,
    `CannotEdit`, and pydantic's `ValidationError`.
    """
    actor.require(permissions.EDIT)
    need_reason(reason)
    with transaction.atomic():
        outcome = _edit(id_, data, seen=seen, actor=actor, reason=reason)
    wake(outcome)
    return outcome


@transaction.atomic
def reveal(*, message: Message, actor: Actor, reason: str = "") -> Any:
    """The payload as it is, personal data and all; that somebody looked is kept. Raises `PermissionDenied`."""
    actor.require(permissions.REVEAL)
    trail.record(action="reveal", actor=actor, reason=reason, message_id=message.pk, group=message.fingerprint)
    return message.payload


def seen_to_edit(*, message: Message, actor: Actor) -> bool:
    """Whoever edits a payload sees it; where it holds something personal, that is kept as a reveal, and True returned.

    Raises `PermissionDenied`.
    """
    actor.require(permissions.EDIT)
    if mask(message.payload) == message.payload:
        return False
    data = {"for": "edit"}
    trail.record(action="reveal", actor=actor, message_id=message.pk, group=message.fingerprint, data=data)
    return True


def _edit(id_: uuid.UUID, data: Mapping[str, Any], *, seen: str, actor: Actor, reason: str) -> Outcome:
    message = Message.objects.select_for_update().filter(pk=id_).first()
    if message is None or message.state != State.DEAD:
        return Outcome(skipped={id_: why_not(id_)})
    if version_of(message) != seen:
        return Outcome(skipped={id_: "it has changed since you looked at it; look again before you edit it"})
    schema, before, after = schema_of(message), message.payload, edited(message, data)
    message.task = schema.task
    replay(message, task=schema.task, payload=after, schema_version=schema.version)
    PayloadEdit.objects.create(message_id=id_, before=before, after=after, actor=actor.name, reason=reason[:500])
    trail.record(action="edit", actor=actor, reason=reason, message_id=id_, group=message.fingerprint)
    return Outcome(done=[id_])


def present(message: Message) -> dict[str, Any]:
    """What the message holds, in the words of the newest schema where its own can be lifted to that."""
    data = message.payload if isinstance(message.payload, dict) else {}
    try:
        return schema_of(message).load(data, version=message.schema_version).dump()
    except (PayloadInvalid, ValueError):
        return data


def _json(data: Mapping[str, Any]) -> str:
    """Validated as JSON, so that a text such as an id's may stand for what it says."""
    return json.dumps(dict(data))
