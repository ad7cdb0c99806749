"""How does a message move on from delivery to delivery? Each function is one transaction, and decides by a
conditional UPDATE."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from messaging import rollup
from messaging.failures import Failure
from messaging.models import Attempt, Message, State
from messaging.signals import attempt_failed, deferred


class NotInLedger(LookupError):
    """A delivery whose message the ledger has never seen, or has forgotten."""

    # Error types and fingerprints in the ledger carry this name; they must not change with the place of the class.
    __module__ = "messaging.services"


@transaction.atomic(savepoint=False)
def settle(*, message_id: uuid.UUID, started_at: datetime | None = None) -> bool:
    """Mark a message as done, in the transaction of its effects. False: somebody has settled it before.

    Raises `NotInLedger` if there is no such message, so that its effects are rolled back and it is filed.
    """
    settled = Message.objects.filter(pk=message_id, state=State.SENT).update(
        state=State.DONE, started_at=started_at, finished_at=timezone.now()
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
def defer(*, message_id: uuid.UUID, circuit: str, delay: float) -> Message | None:
    """Put a message off for `delay` seconds because what it needs is down. No attempt is spent. None: as in
    `reschedule`."""
    message = _under_way(message_id)
    if message is None:
        return None
    is_news = message.waits_for != circuit
    message.state, message.waits_for = State.PENDING, circuit
    message.available_at = timezone.now() + timedelta(seconds=delay)
    message.save(update_fields=["state", "available_at", "waits_for"])
    if is_news:
        deferred.send(sender=Message, message=message, circuit=circuit)
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
            rollup.died(message, at=now)
    return message


def _under_way(message_id: uuid.UUID) -> Message | None:
    return Message.objects.select_for_update().filter(pk=message_id, state=State.SENT).first()


def _die(message: Message) -> None:
    message.state = State.DEAD
    message.finished_at = timezone.now()


def _keep_attempt(message: Message, failure: Failure, *, limit: int, retry_now: bool = False) -> None:
    message.attempts += 1
    message.waits_for = ""
    message.error_type = failure.error_type
    message.error_message = failure.error_message
    message.fingerprint = failure.fingerprint
    message.save(
        update_fields=[
            "state", "available_at", "finished_at", "attempts", "error_type", "error_message", "fingerprint",
            "raw_body", "raw_headers", "waits_for",
        ]
    )  # fmt: skip
    _insert_attempt(message, failure, ended_at=timezone.now())
    if message.state == State.DEAD and message.finished_at:
        rollup.died(message, at=message.finished_at)
    attempt_failed.send(
        sender=Message,
        message=message,
        error_type=failure.error_type,
        attempt=message.retries,
        of=limit,
        retry_at=_next_try(message, retry_now=retry_now),
    )


def _next_try(message: Message, *, retry_now: bool) -> datetime | None:
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
