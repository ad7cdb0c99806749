"""Dry run: the present code against a dead message, in a transaction that is always rolled back.

It repeats the message's last attempt. Nothing leaves the process: calls of outside systems get the answers that were
recorded of that attempt (`messaging.recording.outside`), messages and hooks of the transaction vanish with it.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NoReturn

from celery import current_app
from celery.app.task import Context
from celery.exceptions import Retry
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from messaging import outbox, tracing, transitions
from messaging.models import Attempt, Message, State
from messaging.operations.dry_runs.alarm import Alarm, TooLong
from messaging.operations.dry_runs.replay import AnswerMissing, Replay
from messaging.recording import flight_recorder, outside
from messaging.relay import direct
from messaging.transitions.failure import failure_of
from messaging.worker.task import NeverCompleted, ReliableTask

#: It holds locks, as a run does, and somebody waits for its result.
SECONDS: Final = 5.0
#: Messages listed that it would enqueue.
MESSAGES: Final = 100


class CannotDryRun(ValueError):
    """There is nothing to run, or it would not be safe to."""


class Verdict(StrEnum):
    """`UNANSWERED`: it needs an answer from outside that was not recorded."""

    COMPLETES = "completes"
    FAILS = "fails"
    UNANSWERED = "unanswered"
    TOO_LONG = "too_long"


@dataclass
class DryRun:
    """What happened. `enqueued` are unsaved copies; `withheld` describes what would have left the process.

    `needs` is the outside system and the operation whose answer is missing; `instead` is what was recorded instead.
    """

    verdict: Verdict = Verdict.COMPLETES
    seconds: float = 0.0
    enqueued: list[Message] = field(default_factory=list)
    withheld: list[str] = field(default_factory=list)
    error_type: str = ""
    error_message: str = ""
    traceback: str = ""
    needs: tuple[str, str] = ("", "")
    instead: str = ""
    log: str = ""


def dry_run(message: Message, *, seconds: float = SECONDS) -> DryRun:
    """Run the task of a dead message without any effect, for at most `seconds`. Raises `CannotDryRun`."""
    if direct.is_on():
        raise CannotDryRun("The ledger is bypassed (CONVEYOR_PUBLISH), so a message would leave at once.")
    task, replay, result = _task(message.task), Replay(_last_exchanges(message)), DryRun()
    chain = tracing.Chain(message.correlation_id, causation_id=message.pk)
    began = time.monotonic()
    with tracing.chain(chain), flight_recorder.recording() as recording, outside.replayed(replay):
        # In a context of its own: one that is cut off anywhere may leave a language or an unfinished outbox behind.
        copy_context().run(_attempt, task, message, result, seconds=seconds)
    result.seconds = time.monotonic() - began
    result.log, result.withheld = recording.log, replay.withheld
    if result.verdict is Verdict.FAILS and result.seconds >= seconds:
        result.verdict = Verdict.TOO_LONG
    return result


def _attempt(task: ReliableTask, message: Message, result: DryRun, *, seconds: float) -> None:
    is_outermost = not connection.in_atomic_block
    try:
        with Alarm(seconds), _rolled_back(seconds):
            _run(task, message, result)
    except AnswerMissing as missing:
        result.verdict, result.needs = Verdict.UNANSWERED, (missing.system, missing.operation)
        result.instead = missing.instead
    except TooLong:
        result.verdict = Verdict.TOO_LONG
        if is_outermost:
            _drop_connection()
    except CannotDryRun:
        raise
    except (Exception, SystemExit) as error:  # a task that ends its process must not end this one
        failure = failure_of(error, task=task.name)
        result.verdict, result.traceback = Verdict.FAILS, failure.traceback
        result.error_type, result.error_message = failure.error_type, failure.error_message


def _drop_connection() -> None:
    """It was cut off anywhere, perhaps in the middle of a statement or of the rollback. The server rolls back."""
    connection.in_atomic_block = False
    connection.close()


@contextmanager
def _rolled_back(seconds: float) -> Iterator[None]:
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(int(seconds * 1000))])
        try:
            yield
        finally:
            transaction.set_rollback(True)


def _run(task: ReliableTask, message: Message, result: DryRun) -> None:
    """The message is in flight meanwhile, as code that looks at it expects."""
    if not Message.objects.filter(pk=message.pk, state=State.DEAD).update(state=State.SENT):
        raise CannotDryRun("The message is no longer dead.")
    payload = task.payload.load(message.payload, version=message.schema_version)
    first, stand_in = uuid.UUID(int=time.time_ns() // 1_000_000 << 80), _StandIn(task, message)
    _function(task)(stand_in, payload)
    if not stand_in.request.completed:
        raise NeverCompleted(f"{task.name} returned without completing its message; use `with self.complete():`")
    new = Message.objects.filter(pk__gte=first, causation_id=message.pk).order_by("pk")
    result.enqueued = list(new[:MESSAGES])


class _StandIn:
    """What the task gets as `self`: no delivery, no retry, and a `complete()` that commits nothing."""

    def __init__(self, task: ReliableTask, message: Message) -> None:
        self._task, self._message = task, message
        retries = max(0, message.retries - 1)
        self.request = Context(
            id=str(message.pk), retries=retries, hostname="dry run", started_at=timezone.now(), completed=False
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)

    @property
    def sends(self) -> int:
        return self._message.sends

    @property
    def may_overlap(self) -> bool:
        """As in the last attempt, whose answers it gets: after a retry it would be true."""
        return bool(self.sends > 1 or self.request.retries)

    @property
    def replayed_from(self) -> int:
        return self._message.replayed_from

    @contextmanager
    def complete(self) -> Iterator[None]:
        started_at: datetime = self.request.started_at
        with outbox.transaction():
            transitions.settle(message_id=self._message.pk, sends=self.sends, started_at=started_at)
            yield
        self.request.completed = True

    def retry(self, *args: Any, exc: BaseException | None = None, **options: Any) -> NoReturn:
        raise exc or Retry(f"{self._task.name} requested a retry")


def _task(name: str) -> ReliableTask:
    """Raises `CannotDryRun` if this release does not know the task. Processes without a worker have not imported it."""
    autodiscover_modules("tasks")
    task = current_app.tasks.get(name)
    if not isinstance(task, ReliableTask):
        raise CannotDryRun(f"This release does not know the task {name[:200]!r}.")
    return task


def _function(task: ReliableTask) -> Callable[..., None]:
    """The task's own function, without Celery's automatic retries around it."""
    bound: Any = getattr(task, "_orig_run", task.run)
    function: Callable[..., None] = bound.__func__
    return function


def _last_exchanges(message: Message) -> list[dict[str, Any]]:
    """Those of the last attempt that ran; a lost worker, for one, records none."""
    ran = Attempt.objects.filter(message_id=message.pk, started_at__isnull=False)
    found: list[dict[str, Any]] | None = ran.order_by("-number", "-id").values_list("exchanges", flat=True).first()
    return found or []
