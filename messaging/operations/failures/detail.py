"""What is there to know of one failure? Its attempts, what led to it, its neighbours, and who did what about it.

A constant number of statements, however long the story is.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from messaging.models import Attempt, Message, State
from messaging.operations.failures.labels import next_step, sentence_of
from messaging.operations.failures.tracebacks import Part, parts_of
from messaging.operations.models import AuditEntry, FailureGroup, PayloadEdit
from messaging.operations.privacy.masking import mask_text

_MANY = 50
_DEEP = 10


@dataclass(frozen=True)
class AttemptStory:
    attempt: Attempt
    message: str
    parts: list[Part]


@dataclass(frozen=True)
class Story:
    """`chain` is what led here, the first cause first, this message last. `about` are messages of the same subject."""

    message: Message
    sentence: str
    step: str
    attempts: list[AttemptStory]
    group: FailureGroup | None
    chain: list[Message]
    about: list[Message]
    alike: list[Message]
    history: list[AuditEntry]
    edits: list[PayloadEdit]


def story_of(message: Message) -> Story:
    about = _about(message)
    return Story(
        message=message,
        sentence=sentence_of(message),
        step=next_step(message, overtaken=_overtaken(message, about)),
        attempts=[_attempt(attempt) for attempt in message.attempt_set.order_by("number", "id")],
        group=FailureGroup.objects.filter(pk=message.fingerprint).first(),
        chain=_chain(message, about),
        about=about,
        alike=_alike(message),
        history=list(AuditEntry.objects.filter(message_id=message.pk).order_by("id")[:_MANY]),
        edits=list(PayloadEdit.objects.filter(message_id=message.pk).order_by("id")),
    )


def _attempt(attempt: Attempt) -> AttemptStory:
    return AttemptStory(attempt, message=mask_text(attempt.error_message), parts=parts_of(attempt.traceback))


def _about(message: Message) -> list[Message]:
    if not message.subject:
        return []
    return list(Message.objects.filter(subject=message.subject).order_by("id")[:_MANY])


def _alike(message: Message) -> list[Message]:
    dead = Message.objects.dead().filter(fingerprint=message.fingerprint).exclude(pk=message.pk)
    return list(dead.order_by("-finished_at")[:5]) if message.fingerprint else []


def _overtaken(message: Message, about: Iterable[Message]) -> bool:
    """Whether a later message of the same task and subject has succeeded."""
    later = (m for m in about if m.task == message.task and m.pk.int > message.pk.int)
    return any(m.state == State.DONE for m in later)


def _chain(message: Message, known: Iterable[Message]) -> list[Message]:
    """Mostly the messages of one subject cause one another, so that few have to be fetched."""
    by_id: dict[uuid.UUID, Any] = {m.pk: m for m in known}
    chain = [message]
    while (cause := chain[0].causation_id) and len(chain) < _DEEP:
        earlier = by_id.get(cause) or Message.objects.filter(pk=cause).first()
        if earlier is None or earlier in chain:
            break
        chain.insert(0, earlier)
    return chain
