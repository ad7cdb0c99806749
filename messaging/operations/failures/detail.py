"""Everything about one failed message: attempts, causal chain, related messages, audit history.

Takes a constant number of statements, but for causes outside the message's subject.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from messaging.models import Attempt, Message
from messaging.operations.failures.advice import Advice, advice_for
from messaging.operations.failures.labels import summary_of
from messaging.operations.failures.tracebacks import Part, parts_of
from messaging.operations.models import AuditEntry, FailureGroup, PayloadEdit
from messaging.operations.privacy.masking import mask_text

_MAX_ROWS = 50
_MAX_DEPTH = 10


@dataclass(frozen=True)
class AttemptDetail:
    attempt: Attempt
    message: str
    parts: list[Part]


@dataclass(frozen=True)
class FailureDetail:
    """`chain` runs from the first cause to this message. `about` has the messages of the same subject, `alike` the
    other dead messages of the group."""

    message: Message
    summary: str
    advice: Advice
    attempts: list[AttemptDetail]
    group: FailureGroup | None
    chain: list[Message]
    about: list[Message]
    alike: list[Message]
    history: list[AuditEntry]
    edits: list[PayloadEdit]


def detail_of(message: Message) -> FailureDetail:
    about = _about(message)
    return FailureDetail(
        message=message,
        summary=summary_of(message),
        advice=advice_for(message),
        attempts=[_attempt(attempt) for attempt in message.attempt_set.order_by("number", "id")],
        group=FailureGroup.objects.filter(pk=message.fingerprint).first(),
        chain=_chain(message, about),
        about=about,
        alike=_alike(message),
        history=list(AuditEntry.objects.filter(message_id=message.pk).order_by("id")[:_MAX_ROWS]),
        edits=list(PayloadEdit.objects.filter(message_id=message.pk).order_by("id")),
    )


def _attempt(attempt: Attempt) -> AttemptDetail:
    return AttemptDetail(attempt, message=mask_text(attempt.error_message), parts=parts_of(attempt.traceback))


def _about(message: Message) -> list[Message]:
    if not message.subject:
        return []
    return list(Message.objects.filter(subject=message.subject).order_by("id")[:_MAX_ROWS])


def _alike(message: Message) -> list[Message]:
    dead = Message.objects.dead().filter(fingerprint=message.fingerprint).exclude(pk=message.pk)
    return list(dead.order_by("-finished_at")[:5]) if message.fingerprint else []


def _chain(message: Message, known: Iterable[Message]) -> list[Message]:
    """Messages usually have causes of the same subject, so few need another statement."""
    by_id: dict[uuid.UUID, Any] = {m.pk: m for m in known}
    chain = [message]
    while (cause := chain[0].causation_id) and len(chain) < _MAX_DEPTH:
        earlier = by_id.get(cause) or Message.objects.filter(pk=cause).first()
        if earlier is None or earlier in chain:
            break
        chain.insert(0, earlier)
    return chain
