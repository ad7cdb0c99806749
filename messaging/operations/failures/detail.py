"""Everything about one failed message: attempts, causal chain, related messages, audit history.

Takes a constant number of statements, but for causes outside the message's subject.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from messaging.conf import settings
from messaging.models import Attempt, Message
from messaging.operations.failures.advice import Advice, advice_for
from messaging.operations.failures.labels import summary_of, task_of
from messaging.operations.failures.releases import LastRun, last_run_if_unknown
from messaging.operations.failures.tracebacks import Part, parts_of
from messaging.operations.models import AuditEntry, FailureGroup, PayloadEdit
from messaging.operations.privacy.masking import mask, mask_text

_MAX_ROWS = 50
_MAX_DEPTH = 10


@dataclass(frozen=True)
class AttemptDetail:
    """One attempt, personal data masked. `payload` is what it ran with, None unless it was edited since."""

    attempt: Attempt
    message: str
    parts: list[Part]
    payload: Any
    log: str
    exchanges: list[Any]

    @property
    def seconds(self) -> float | None:
        """How long it ran; None if its start is unknown."""
        attempt = self.attempt
        return (attempt.ended_at - attempt.started_at).total_seconds() if attempt.started_at else None


@dataclass(frozen=True)
class FailureDetail:
    """`chain` runs from the first cause to this message. `about` has the messages of the same subject, `alike` the
    other dead messages of the group. `attempts` are the last ones, oldest first; `last_run` is that of a task which
    the present `release` does not know."""

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
    last_run: LastRun | None
    release: str


def detail_of(message: Message) -> FailureDetail:
    about = _about(message)
    edits = list(PayloadEdit.objects.filter(message_id=message.pk).order_by("id"))
    attempts = list(message.attempt_set.order_by("-number", "-id")[:_MAX_ROWS])
    return FailureDetail(
        message=message,
        summary=summary_of(message),
        advice=advice_for(message),
        attempts=[_attempt(attempt, edits) for attempt in reversed(attempts)],
        group=FailureGroup.objects.filter(pk=message.fingerprint).first(),
        chain=_chain(message, about),
        about=about,
        alike=_alike(message),
        history=list(AuditEntry.objects.filter(message_id=message.pk).order_by("id")[:_MAX_ROWS]),
        edits=edits,
        last_run=last_run_if_unknown(task_of(message)),
        release=settings.CONVEYOR_RELEASE,
    )


def _attempt(attempt: Attempt, edits: Sequence[PayloadEdit]) -> AttemptDetail:
    """Its payload is what the first edit after it has replaced."""
    replaced = next((mask(edit.before) for edit in edits if edit.at > attempt.ended_at), None)
    return AttemptDetail(
        attempt,
        message=mask_text(attempt.error_message),
        parts=parts_of(attempt.traceback),
        payload=replaced,
        log=mask_text(attempt.log),
        exchanges=mask(attempt.exchanges),
    )


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
