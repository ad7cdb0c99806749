"""How does a message move on in the ledger? Each function is one transaction, and decides by a conditional UPDATE."""

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from messaging import wakeup
from messaging.failures import Failure
from messaging.models import Attempt, AuditEntry, Message, State
from messaging.payloads import Payload, payload_for
from messaging.signals import attempt_failed, replayed
from messaging.topology import Priority, UnroutableKey, topology

log = logging.getLogger(__name__)
_NO_SUCH = "there is no such message"


class NotInLedger(LookupError):
    """A delivery whose message the ledger has never seen, or has forgotten."""


@transaction.atomic(savepoint=False)
def settle(*, message_id: uuid.UUID) -> bool:
    """Mark a message as done, in the transaction of its effects. False: somebody has settled it before.

    Raises `NotInLedger` if there is no such message, so that its effects are rolled back and it is filed.
    """
    settled = Message.objects.filter(pk=message_id, state=State.SENT).update(
        state=State.DONE, finished_at=timezone.now()
    )
    if settled:
        return True
    if not Message.objects.filter(pk=message_id).exists():
        raise NotInLedger(f"The ledger has no message {message_id}; it was kept as a failed task.")
    return False


@transaction.atomic(savepoint=False)
def reschedule(*, message_id: uuid.UUID, failure: Failure, delay: float, limit: int) -> Message | None:
    """Keep a failed attempt, and let the relay send the message again after `delay` seconds.

    `limit` is the number of attempts that the message has in all. None: the message is no longer under way.
    """
    message = _under_way(message_id)
    if message is None:
        return None
    message.state = State.PENDING
    message.available_at = timezone.now() + timedelta(seconds=delay)
    _keep_attempt(message, failure, limit=limit)
    return message


@transaction.atomic(savepoint=False)
def bury(
    *, message_id: uuid.UUID, failure: Failure, limit: int = 1, raw: tuple[bytes, dict[str, Any]] | None = None
) -> Message | None:
    """Keep a failed attempt as the last one: the message is dead, and waits for an operator. None: as in `reschedule`.

    `raw` is the body and the headers of a message whose copy on the broker was damaged.
    """
    message = _under_way(message_id)
    if message is None:
        return None
    if raw is not None:
        message.raw_body, message.raw_headers = raw
    _die(message)
    _keep_attempt(message, failure, limit=max(limit, message.retries + 1))
    return message


@transaction.atomic(savepoint=False)
def reopen(*, message_id: uuid.UUID, lost: Failure | None, limit: int) -> Message | None:
    """Look a suspicious delivery up before any work is done for it. None: settled already.

    `lost` says that an earlier delivery never came to an end. It is committed as an attempt before the work begins, so
    that a message that kills its worker each time is dead after `limit` attempts instead of killing workers for ever.
    """
    message = _under_way(message_id)
    if message is None:
        if not Message.objects.filter(pk=message_id).exists():
            raise NotInLedger(f"The ledger has no message {message_id}; it was kept as a failed task.")
        return None
    if lost is None:
        return message
    if message.retries + 1 >= limit:
        _die(message)
    _keep_attempt(message, lost, limit=limit, retry_now=message.state == State.SENT)
    return message


def file_stray(
    *,
    message_id: uuid.UUID,
    failure: Failure,
    queue: str,
    task: str = "",
    payload: Any = None,
    routing_key: str = "",
    priority: int = 0,
    raw_body: bytes | None = None,
    raw_headers: dict[str, Any] | None = None,
) -> Message:
    """Keep a message that did not come from the ledger as a dead one, once, with all that it brought."""
    now = timezone.now()
    with transaction.atomic():
        message, created = Message.objects.get_or_create(
            pk=message_id,
            defaults={
                "task": task[:200],
                "queue": queue[:100],
                "routing_key": routing_key[:200],
                "priority": min(max(priority, 0), 9),
                "payload": payload if payload is not None else {},
                "state": State.DEAD,
                "attempts": 1,
                "finished_at": now,
                "correlation_id": message_id,
                "error_type": failure.error_type,
                "error_message": failure.error_message,
                "fingerprint": failure.fingerprint,
                "raw_body": raw_body,
                "raw_headers": raw_headers,
            },
        )
        if created:
            _insert_attempt(message, failure, ended_at=now)
    return message


@dataclass
class Outcome:
    """What an operator's wish came to: the ids it was done for, and why not for the others."""

    done: list[uuid.UUID] = field(default_factory=list)
    skipped: dict[uuid.UUID, str] = field(default_factory=dict)


def retry(*, ids: Iterable[uuid.UUID], actor: str, reason: str = "") -> Outcome:
    """Send dead messages again, each with a fresh count of attempts. What they did at the gateway stays done."""
    outcome = Outcome()
    for id_ in ids:
        with transaction.atomic():
            fault = _replay_one(id_, actor=actor, reason=reason)
        _tell(outcome, id_, fault)
    if outcome.done:
        with transaction.atomic():
            wakeup.call()
    return outcome


def discard(*, ids: Iterable[uuid.UUID], actor: str, reason: str) -> Outcome:
    """Give dead messages up, for a reason that stays with them."""
    if not reason.strip():
        raise ValueError("A reason is needed to discard a message: say why it must not be sent again.")
    outcome = Outcome()
    for id_ in ids:
        with transaction.atomic():
            done = _leave_dead(id_, State.DISCARDED, note=reason[:500], finished_at=timezone.now())
            if done:
                _audit(id_, "discard", actor=actor, reason=reason)
            _tell(outcome, id_, None if done else _why_not_dead(id_))
    return outcome


def _replay_one(id_: uuid.UUID, *, actor: str, reason: str) -> str | None:
    message = Message.objects.filter(pk=id_).first()
    if message is None:
        return _NO_SUCH
    if not message.task:
        return "its body could not be read, so there is nothing to send; it can only be discarded"
    payload = payload_for(message.task)
    if payload is None:
        return f"no code here knows the task {message.task!r}; deploy it first, or discard the message"
    fresh = {"available_at": timezone.now(), "replayed_from": F("attempts"), "finished_at": None, "note": ""}
    done = _leave_dead(id_, State.PENDING, **fresh, **_way_to_send(message, payload))
    if not done:
        return _why_not_dead(id_)
    _audit(id_, "retry", actor=actor, reason=reason)
    replayed.send(sender=Message, message=message)
    return None


def _way_to_send(message: Message, payload: type[Payload]) -> dict[str, str]:
    """A message that came past the ledger may have found its queue by a key that leads nowhere from here."""
    try:
        topology().queue_for(message.routing_key)
    except UnroutableKey:
        key = f"{payload.routing_key}.{Priority.LOW.word}"
        return {"routing_key": key, "queue": topology().queue_for(key)}
    return {}


def _leave_dead(id_: uuid.UUID, state: State, **changes: Any) -> bool:
    return bool(Message.objects.filter(pk=id_, state=State.DEAD).update(state=state, **changes))


def _why_not_dead(id_: uuid.UUID) -> str:
    message = Message.objects.filter(pk=id_).only("state").first()
    if message is None:
        return _NO_SUCH
    entry = AuditEntry.objects.filter(message_id=id_).order_by("-id").first()
    by = f" ({entry.action} by {entry.actor} at {entry.at:%Y-%m-%d %H:%M:%S} UTC)" if entry else ""
    return f"it is no longer dead but {State(message.state).label}{by}"


def _tell(outcome: Outcome, id_: uuid.UUID, fault: str | None) -> None:
    if fault is None:
        outcome.done.append(id_)
    else:
        outcome.skipped[id_] = fault


def _audit(id_: uuid.UUID, action: str, *, actor: str, reason: str) -> None:
    AuditEntry.objects.create(message_id=id_, action=action, actor=actor[:150], reason=reason[:500])


def _under_way(message_id: uuid.UUID) -> Message | None:
    return Message.objects.select_for_update().filter(pk=message_id, state=State.SENT).first()


def _die(message: Message) -> None:
    message.state = State.DEAD
    message.finished_at = timezone.now()


def _keep_attempt(message: Message, failure: Failure, *, limit: int, retry_now: bool = False) -> None:
    message.attempts += 1
    message.error_type = failure.error_type
    message.error_message = failure.error_message
    message.fingerprint = failure.fingerprint
    message.save(
        update_fields=[
            "state", "available_at", "finished_at", "attempts", "error_type", "error_message", "fingerprint",
            "raw_body", "raw_headers",
        ]
    )  # fmt: skip
    _insert_attempt(message, failure, ended_at=timezone.now())
    attempt_failed.send(
        sender=Message,
        message=message,
        error_type=failure.error_type,
        attempt=message.retries,
        of=limit,
        retry_at=_next_try(message, retry_now=retry_now),
    )


def _next_try(message: Message, *, retry_now: bool) -> Any:
    if message.state == State.DEAD:
        return None
    return timezone.now() if retry_now else message.available_at


def _insert_attempt(message: Message, failure: Failure, *, ended_at: Any) -> None:
    Attempt.objects.create(
        message=message,
        number=message.attempts,
        worker=failure.worker,
        started_at=failure.started_at,
        ended_at=ended_at,
        error_type=failure.error_type,
        error_message=failure.error_message,
        traceback=failure.traceback,
        fingerprint=failure.fingerprint,
    )
