"""Failed attempts: recorded with the message's new state and announced, in the caller's transaction."""

from datetime import datetime

from django.utils import timezone

from messaging.models import Attempt, Message, State
from messaging.signals import attempt_failed, message_died
from messaging.transitions.failure import Failure


def record_failure(message: Message, failure: Failure, *, limit: int, retry_now: bool = False) -> None:
    """Save `message` with one more failed attempt. `limit` is the number of attempts it has in all.

    `retry_now`: the present delivery goes on working, so the next attempt begins at once.
    """
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
    insert_attempt(message, failure, ended_at=timezone.now())
    if message.state == State.DEAD and message.finished_at:
        message_died.send(sender=Message, message=message, at=message.finished_at)
    attempt_failed.send(
        sender=Message,
        message=message,
        error_type=failure.error_type,
        attempt=message.retries,
        of=limit,
        retry_at=_next_try(message, retry_now=retry_now),
    )


def insert_attempt(message: Message, failure: Failure, *, ended_at: datetime) -> None:
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


def _next_try(message: Message, *, retry_now: bool) -> datetime | None:
    if message.state == State.DEAD:
        return None
    return timezone.now() if retry_now else message.available_at
