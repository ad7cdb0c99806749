"""Failed attempts: described with the fingerprint that groups them, recorded with the message's new state, announced.

Recording happens in the caller's transaction.
"""

import hashlib
import re
import traceback
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from messaging import clock
from messaging.conf import settings
from messaging.hooks.next_steps import recorded_name
from messaging.models import Attempt, Message, State
from messaging.recording.flight_recorder import Recording
from messaging.signals import announce, attempt_failed, message_died

FINGERPRINT_VERSION = "v1"
_NUL = "\x00"


@dataclass(frozen=True)
class Failure:
    """How one attempt failed. `traceback` never contains values of local variables."""

    error_type: str
    error_message: str
    traceback: str = ""
    fingerprint: str = ""
    worker: str = ""
    started_at: datetime | None = None
    recording: Recording | None = None


def failure_of(
    error: BaseException,
    *,
    task: str,
    worker: str = "",
    started_at: datetime | None = None,
    text: str = "",
    recording: Recording | None = None,
    message: str = "",
) -> Failure:
    """Describe `error`. `text` is its traceback, where `error` lost it while crossing processes.

    `message` says what `error` does not say in words.
    """
    kind = recorded_name(type(error))
    frames = _own_frames(error)
    return Failure(
        error_type=kind,
        error_message=_clean(message or str(error))[:1000],
        traceback=_clean(text or "".join(traceback.format_exception(error)))[-20_000:],
        fingerprint=fingerprint(kind, task, frames),
        worker=worker[:200],
        started_at=started_at,
        recording=recording,
    )


def worker_lost(*, task: str, worker: str = "") -> Failure:
    """The failure of a delivery that killed its worker, whoever notices: the next worker, or the broker's limit."""
    text = "The worker was lost, or returned the message to the queue, before it reported an outcome."
    return synthetic_failure("WorkerLost", text, task=task, worker=worker)


def synthetic_failure(error_type: str, error_message: str, *, task: str, worker: str = "", queue: str = "") -> Failure:
    """A failure that no exception describes, such as a lost worker.

    `queue` separates failures of the same kind and task by where they were found, since a group is of one queue.
    """
    frames = [queue] if queue else []
    return Failure(error_type, error_message[:1000], "", fingerprint(error_type, task, frames), worker)


def record_failure(message: Message, failure: Failure, *, limit: int, retry_now: bool = False) -> None:
    """Save `message` with one more failed attempt. `limit` is its total number of attempts.

    `retry_now`: the current delivery continues, so the next attempt starts at once.
    """
    message.attempts += 1
    message.waits_for, message.deferred_since = "", None
    message.error_type = failure.error_type
    message.error_message = failure.error_message
    message.fingerprint = failure.fingerprint
    message.save(
        update_fields=[
            "state", "available_at", "finished_at", "attempts", "error_type", "error_message", "fingerprint",
            "raw_body", "raw_headers", "waits_for", "deferred_since",
        ]
    )  # fmt: skip
    now = clock.now()
    insert_attempt(message, failure, ended_at=now)
    if message.state == State.DEAD and message.finished_at:
        announce(message_died, message=message, at=message.finished_at)
    announce(
        attempt_failed,
        message=message,
        error_type=failure.error_type,
        attempt=message.retries,
        of=limit,
        retry_at=None if message.state == State.DEAD else now if retry_now else message.available_at,
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
        release=settings.CONVEYOR_RELEASE,
        log=failure.recording.log if failure.recording else "",
        exchanges=failure.recording.exchanges if failure.recording else [],
    )


def short(error_type: str) -> str:
    """The error's name without its module."""
    return error_type.rpartition(".")[2]


def fingerprint(error_type: str, task: str, frames: list[str]) -> str:
    """Digest of error type, task, and the project's own functions in the traceback.

    Line numbers are left out: they would split a group with every release.
    """
    digest = hashlib.sha1("\n".join([error_type, task, *frames]).encode(), usedforsecurity=False).hexdigest()
    return f"{FINGERPRINT_VERSION}-{digest[:20]}"


def _own_frames(error: BaseException) -> list[str]:
    root = Path(settings.BASE_DIR)
    own = []
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(root) and not re.search(r"site-packages|\.venv", frame.filename):
            own.append(f"{path.relative_to(root)}:{frame.name}")
    return own


def _clean(text: str) -> str:
    """PostgreSQL refuses NUL characters in text, and every database halves of surrogate pairs."""
    return text.replace(_NUL, "\\x00").encode(errors="backslashreplace").decode()
