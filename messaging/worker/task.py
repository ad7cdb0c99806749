"""How does a task do its work exactly once in effect, and how does every other end of it reach the ledger?"""

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from celery import Task, shared_task
from celery.exceptions import Ignore, MaxRetriesExceededError, Retry
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from messaging import outbox, tracing, transitions
from messaging.circuit_breaker import CircuitOpen
from messaging.conf import settings
from messaging.models import Message, State
from messaging.payloads import Payload, SchemaTooNew
from messaging.topology import Priority, topology
from messaging.transitions.failure import Failure, failure_of, synthetic_failure

log = logging.getLogger(__name__)
HEADER = "conveyor"


class AlreadySettled(Ignore):
    """This delivery is a duplicate, or an operator was first: it has no effect, and is acknowledged."""


class Deferred(Ignore):
    """What the message needs is down: it waits in the ledger, and no attempt is spent."""


class NeverCompleted(RuntimeError):
    """A task returned without `with self.complete():`, so nothing says that its effects were committed."""


class UseTheLedger(TypeError):
    """A reliable task was called as a plain Celery task."""


class ReliableTask(Task):
    """Base of every task. Subclass it by `@reliable_task(SomePayload, …)`.

    A first delivery goes straight to work. One that says it was redelivered, retried or sent again is looked up first.
    A task that meets an open circuit is put off without spending an attempt.
    `complete()` commits effects and "done" together. `retry()`, which Celery's `autoretry_for` calls too, writes
    the next due time to the ledger instead of holding the message. Every other exception makes the message dead.
    """

    abstract = True
    typing = False
    Request = "messaging.worker.request:ReliableRequest"
    payload: type[Payload]

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        request = self.request
        if request.called_directly:
            raise UseTheLedger(_use_the_ledger(self.name))
        origin = request.get(HEADER)
        if not origin:
            raise transitions.NotInLedger(f"{self.name} came from elsewhere than the ledger; retry it from the admin.")
        request.started_at = timezone.now()
        request.completed = False
        id_ = uuid.UUID(request.id)
        with tracing.chain(tracing.Chain(uuid.UUID(origin["correlation_id"]), causation_id=id_)):
            if _suspicious(request, origin):
                self._look_up(id_)
            self._work(kwargs, version=origin["version"])

    def _look_up(self, id_: uuid.UUID) -> None:
        redelivered = bool((self.request.delivery_info or {}).get("redelivered"))
        message = transitions.reopen(message_id=id_, lost=self._lost() if redelivered else None, limit=self.limit)
        if message is None:
            log.info("%s %s was settled before; this delivery is a duplicate", self.name, id_)
            raise AlreadySettled
        if message.state == State.DEAD:
            log.error("%s %s lost its worker %s times and is dead", self.name, id_, self.limit)
            raise AlreadySettled
        self.request.retries = message.retries

    def _work(self, data: dict[str, Any], *, version: int) -> None:
        try:
            payload = self.payload.load(data, version=version)
        except SchemaTooNew as error:
            raise self.retry(exc=error, countdown=settings.CONVEYOR_RETRY_BASE) from error
        try:
            self.run(payload)
        except CircuitOpen as wait:
            raise self._defer(wait) from wait
        if not self.request.completed:
            raise NeverCompleted(f"{self.name} returned without completing its message: use `with self.complete():`")

    def _defer(self, wait: CircuitOpen) -> Ignore:
        id_ = uuid.UUID(self.request.id)
        if transitions.defer(message_id=id_, circuit=wait.name, delay=wait.seconds) is None:
            return AlreadySettled()
        log.info("%s %s waits: %s", self.name, id_, wait)
        return Deferred()

    @property
    def may_overlap(self) -> bool:
        """Whether another delivery of this message may still be at work: a worker that was cut off from the broker, or
        that takes longer than the visibility window, does not know that its message was given to somebody else."""
        return _suspicious(self.request, self.request.get(HEADER))

    @property
    def limit(self) -> int:
        """How many attempts a message has in all."""
        return (self.max_retries or 0) + 1

    @contextmanager
    def complete(self) -> Iterator[None]:
        """One transaction for the task's effects, the messages that follow from them, and its own "done".

        "Done" comes first: its row lock makes a second delivery wait for the first one's commit, and then raises
        `AlreadySettled` before anything was written.
        """
        with outbox.transaction():
            if not transitions.settle(message_id=uuid.UUID(self.request.id), started_at=self.request.get("started_at")):
                log.info("%s %s was settled by another delivery", self.name, self.request.id)
                raise AlreadySettled
            yield
        self.request.completed = True

    def retry(
        self,
        args: Any = None,
        kwargs: Any = None,
        exc: BaseException | None = None,
        throw: bool = True,
        eta: Any = None,
        countdown: float | None = None,
        max_retries: int | None = None,
        **options: Any,
    ) -> Retry:
        """As in Celery, except that the message waits in the ledger: visible, and safe from any process' end."""
        allowed = self.max_retries if max_retries is None else max_retries
        if allowed is not None and self.request.retries >= allowed:
            raise exc or MaxRetriesExceededError(f"{self.name} has no attempts left")
        delay = _delay(eta, countdown, default=self.default_retry_delay)
        connection.close_if_unusable_or_obsolete()
        error = exc or Retry(f"{self.name} asked to be tried again")
        rescheduled = transitions.reschedule(
            message_id=uuid.UUID(self.request.id),
            failure=self._failure(error),
            delay=delay,
            limit=(allowed or 0) + 1,
        )
        if rescheduled is None:
            raise AlreadySettled
        again = Retry(exc=exc, when=delay)
        if throw:
            raise again from exc
        return again

    def on_failure(self, exc: BaseException, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Celery calls this for every end but success and retry, a hard time limit included (then in the main process).

        If the ledger cannot be reached, the error goes up and Celery gives the message to the dead-letter queue.
        """
        failure = self._failure(exc, text=str(getattr(einfo, "traceback", "") or ""))
        id_ = uuid.UUID(task_id)
        buried = transitions.bury(message_id=id_, failure=failure, limit=self.limit)
        if buried is None and not Message.objects.filter(pk=id_).exists():
            self._file_stray(id_, kwargs, failure)

    def _file_stray(self, id_: uuid.UUID, kwargs: Any, failure: Failure) -> None:
        """Keep a message that somebody sent past the ledger; an operator may retry it, and then it has a row."""
        delivery = self.request.delivery_info or {}
        transitions.file_stray(
            message_id=id_,
            failure=failure,
            queue=topology().queue_for(self.payload.routing_key),
            task=self.name,
            payload=kwargs,
            routing_key=delivery.get("routing_key") or f"{self.payload.routing_key}.{Priority.LOW.word}",
            priority=delivery.get("priority") or Priority.LOW,
        )

    def apply_async(self, *args: Any, **kwargs: Any) -> Any:
        raise UseTheLedger(_use_the_ledger(self.name))

    def _failure(self, error: BaseException, *, text: str = "") -> Failure:
        return failure_of(
            error,
            task=self.name,
            worker=self.request.hostname or "",
            started_at=self.request.get("started_at"),
            text=text,
        )

    def _lost(self) -> Failure:
        return synthetic_failure(
            "WorkerLost",
            "The worker was lost, or gave the message back, before it said how the attempt ended.",
            task=self.name,
            worker=self.request.hostname or "",
        )


def reliable_task(payload: type[Payload], **options: Any) -> Callable[[Callable[..., None]], Task]:
    """A Celery task for `payload`: `@shared_task` with `ReliableTask` as its base, bound, and backoff with full jitter.

    `options` are Celery's own, such as `autoretry_for`, `max_retries`, `retry_backoff`, `time_limit` (seconds).
    A database that cannot be reached, or that ended a deadlock, is always a reason to try again.
    """
    autoretry_for = (*options.pop("autoretry_for", ()), OperationalError, InterfaceError)
    defaults = {
        "bind": True,
        "base": ReliableTask,
        "name": payload.task,
        "payload": payload,
        "autoretry_for": autoretry_for,
        "max_retries": settings.CONVEYOR_RETRY_MAX_ATTEMPTS - 1,
        "retry_backoff": settings.CONVEYOR_RETRY_BASE,
        "retry_backoff_max": settings.CONVEYOR_RETRY_MAX_SECONDS,
        "retry_jitter": True,
    }
    return shared_task(**(defaults | options))


def _suspicious(request: Any, origin: dict[str, Any]) -> bool:
    """Whether this may be a second delivery. Only then is a look into the ledger worth its cost."""
    redelivered = (request.delivery_info or {}).get("redelivered")
    return bool(redelivered or request.retries or origin["sends"] > 1)


def _delay(eta: Any, countdown: float | None, *, default: float) -> float:
    if eta is not None:
        return max(0.0, (eta - timezone.now()).total_seconds())
    return default if countdown is None else countdown


def _use_the_ledger(task: str) -> str:
    return f"{task} is sent by messaging.ledger.enqueue(), in a transaction; as a plain Celery call it could be lost."
