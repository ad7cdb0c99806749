"""Reliable tasks: exactly once in effect, and every other outcome recorded in the ledger."""

import json
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from celery import Task, shared_task
from celery.exceptions import Ignore, MaxRetriesExceededError, Retry, SoftTimeLimitExceeded, TimeLimitExceeded
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging import outbox, tracing, transitions
from messaging.circuit_breaker import CircuitOpen
from messaging.hooks import observers
from messaging.hooks.next_steps import OPEN_GROUP, next_step
from messaging.models import Message, State, Waits
from messaging.payloads import Payload, SchemaTooNew
from messaging.recording import flight_recorder
from messaging.relay import direct
from messaging.topology import Priority, topology
from messaging.transitions import backoff
from messaging.transitions.failure import Failure, failure_of, worker_lost
from messaging.worker import outage, time_limits
from messaging.worker.admission import HEADER

log = logging.getLogger(__name__)


class AlreadySettled(Ignore):
    """The message was settled before, by another delivery or an operator: acknowledged without effect."""


class Deferred(Ignore):
    """The circuit of a system that the task calls is open: due again later, no attempt spent."""


@next_step(
    _("The task returned without completing its message, so it is not known whether its effects were saved."),
    _("Correct the task: its effects belong in `with self.complete():`. Then retry the group."),
    action=OPEN_GROUP,
)
class NeverCompleted(RuntimeError):
    """A task returned without `with self.complete():`, so whether its effects were committed is unknown."""


class UseOutbox(TypeError):
    """A reliable task was called like a plain Celery task."""

    def __init__(self, task: str) -> None:
        super().__init__(f"{task} was not sent: enqueue its payload with messaging.outbox.enqueue(), in a transaction.")


class ReliableTask(Task):
    """Base class of every task; `@reliable_task(SomePayload, …)` creates one.

    A first delivery runs at once; one marked as redelivered, retried or sent again is looked up first.
    `complete()` commits effects and "done" together. `retry()`, which Celery's `autoretry_for` calls too, writes the
    next due time to the ledger instead of holding the message in the worker. So does a time limit, which a
    suspended host exceeds, too. An open circuit defers the message without an attempt. All else makes it dead.
    """

    abstract = True
    typing = False
    Request = "messaging.worker.request:ReliableRequest"
    payload: type[Payload]

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        request = self.request
        if request.called_directly:
            raise UseOutbox(self.name)
        origin = request.get(HEADER)
        if not origin or (origin.get("is_unsigned") and not self._is_in_ledger(kwargs, version=origin["version"])):
            request.update({HEADER: None})  # what is reported about it must not concern the message whose id it has
            raise transitions.NotInLedger(f"{self.name} was not sent from the ledger; retry it from there.")
        request.started_at = timezone.now()
        request.completed = False
        id_ = uuid.UUID(request.id)
        chain = tracing.Chain(uuid.UUID(origin["correlation_id"]), causation_id=id_)
        with tracing.chain(chain), flight_recorder.recording() as request.recording, observers.running(self):
            if self.may_overlap:
                self._look_up(id_)
            self._execute(kwargs, version=origin["version"])

    def _is_in_ledger(self, data: dict[str, Any], *, version: int) -> bool:
        """Whether the ledger has this very message, as one by a relay of an older release, which did not sign it."""
        known = Message.objects.filter(pk=self.request.id).values_list("task", "payload", "schema_version")
        with outage.ledger_write():
            return known.first() == (self.name, data, version)

    def _look_up(self, id_: uuid.UUID) -> None:
        lost = worker_lost(task=self.name, worker=self.request.hostname or "") if self.is_redelivered else None
        with outage.ledger_write():
            message = transitions.reopen(message_id=id_, sends=self.sends, lost=lost, limit=self.limit)
        if message is None:
            log.info("%s %s is already settled; duplicate delivery ignored", self.name, id_)
            raise AlreadySettled
        if message.state == State.DEAD:
            log.error("%s %s is dead: its worker was lost %s times", self.name, id_, self.limit)
            raise AlreadySettled
        self.request.retries = message.retries

    def _execute(self, data: dict[str, Any], *, version: int) -> None:
        try:
            payload = self.payload.load(data, version=version)
        except SchemaTooNew as error:
            id_ = uuid.UUID(self.request.id)
            with outage.ledger_write():
                transitions.wait(message_id=id_, sends=self.sends, waits_for=Waits.RELEASE)
            log.warning("%s %s waits for a worker of a newer release: %s", self.name, self.request.id, error)
            raise Deferred from error
        try:
            self.run(payload)
        except CircuitOpen as error:
            raise self._defer(error) from error
        if not self.request.completed:
            raise NeverCompleted(f"{self.name} returned without completing its message; use `with self.complete():`")

    def _defer(self, error: CircuitOpen) -> Ignore:
        id_ = uuid.UUID(self.request.id)
        with outage.ledger_write():
            deferred = transitions.defer(message_id=id_, sends=self.sends, circuit=error.name, delay=error.seconds)
        if deferred is None:
            return AlreadySettled()
        log.info("%s %s deferred: %s", self.name, id_, error)
        return Deferred()

    @property
    def may_overlap(self) -> bool:
        """Whether another delivery of this message may have run or still be running.

        A worker that lost its connection or exceeds the visibility timeout does not know of a redelivery.
        """
        return bool(self.is_redelivered or self.request.retries or self.sends > 1)

    @property
    def is_redelivered(self) -> bool:
        return bool((self.request.delivery_info or {}).get("redelivered"))

    @property
    def sends(self) -> int:
        """Number of the publication that this delivery belongs to, from 1; 0 for a stray, which none has."""
        origin = self.request.get(HEADER)
        return int(origin["sends"]) if origin else 0

    @property
    def limit(self) -> int:
        """Total number of attempts."""
        return (self.max_retries or 0) + 1

    @property
    def replayed_from(self) -> int:
        """Number of attempts before an operator last retried this message; 0 if none did."""
        return Message.objects.values_list("replayed_from", flat=True).get(pk=self.request.id)

    @contextmanager
    def complete(self) -> Iterator[None]:
        """One transaction for the task's effects, the messages it enqueues, and its own "done".

        "Done" is written first: its row lock makes a duplicate delivery wait for this commit and then raise
        `AlreadySettled` before it writes anything.
        """
        id_, started_at = uuid.UUID(self.request.id), self.request.get("started_at")
        with outbox.transaction():
            if not transitions.settle(message_id=id_, sends=self.sends, started_at=started_at):
                log.info("%s %s was settled by another delivery; effects rolled back", self.name, self.request.id)
                raise AlreadySettled
            yield
        self.request.completed = True

    def retry(
        self, args: Any = None, kwargs: Any = None, exc: BaseException | None = None, throw: bool = True,
        eta: Any = None, countdown: float | None = None, max_retries: int | None = None, **options: Any,
    ) -> Retry:  # fmt: skip
        """As in Celery, but the message is scheduled in the ledger, where it is visible and survives any crash.

        Raises `Reject`, and no attempt is spent, if the database failed or the ledger cannot be written.
        """
        if outage.is_outage(exc):
            raise outage.given_back(exc) from exc
        allowed = self.max_retries if max_retries is None else max_retries
        if allowed is not None and self.request.retries >= allowed:
            raise exc or MaxRetriesExceededError(f"{self.name} has no attempts left")
        delay = _delay(eta, countdown, default=self.default_retry_delay)
        connection.close_if_unusable_or_obsolete()
        error = exc or Retry(f"{self.name} requested a retry")
        failure, id_ = self._failure(error), uuid.UUID(self.request.id)
        with outage.ledger_write():
            rescheduled = transitions.reschedule(
                message_id=id_, sends=self.sends, failure=failure, delay=delay, limit=(allowed or 0) + 1
            )
        if rescheduled is None:
            raise AlreadySettled
        again = Retry(exc=exc, when=delay)
        if throw:
            raise again from exc
        return again

    def on_failure(self, exc: BaseException, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Make the message dead, or due again after a hard time limit. Celery calls this for what it does not retry.

        Raises `Reject`, and the message stays alive, if the database failed or the ledger cannot be written.
        """
        if isinstance(exc, TimeLimitExceeded) and (retries := self.request.retries) < self.limit - 1:
            self.retry(exc=exc, countdown=backoff.seconds(retries=retries), throw=False)
            return
        if outage.is_outage(exc):
            raise outage.given_back(exc) from exc
        self.bury(uuid.UUID(task_id), kwargs, self._failure(exc, text=str(getattr(einfo, "traceback", "") or "")))

    def bury(self, id_: uuid.UUID, kwargs: Any, failure: Failure) -> None:
        """Make the message dead, or file it as a stray. Raises `Reject` if the ledger cannot be written."""
        with outage.ledger_write():
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            if transitions.bury(message_id=id_, sends=self.sends, failure=failure, limit=self.limit):
                return
            if (known := Message.objects.filter(pk=id_).values_list("task", "payload").first()) is None:
                self._file_stray(id_, kwargs, failure)
            elif not self.sends and known != (self.name, kwargs):
                # It carries the id of another message, which it must not touch. A copy of it gets the same id.
                self._file_stray(uuid.uuid5(id_, json.dumps([self.name, kwargs])), kwargs, failure)

    def _file_stray(self, id_: uuid.UUID, kwargs: Any, failure: Failure) -> None:
        """File a message that was not sent from the ledger; an operator may retry it from there."""
        delivery = self.request.delivery_info or {}
        transitions.file_stray(
            message_id=id_,
            failure=failure,
            queue=topology().queue_for(self.payload.routing_key),
            task=self.name,
            payload=kwargs,
            routing_key=delivery.get("routing_key") or Priority.LOW.routing_key(self.payload.routing_key),
            priority=delivery.get("priority") or Priority.LOW,
        )

    def apply_async(self, *args: Any, **kwargs: Any) -> Any:
        raise UseOutbox(self.name)

    def _failure(self, error: BaseException, *, text: str = "") -> Failure:
        return failure_of(
            error,
            task=self.name,
            worker=self.request.hostname or "",
            started_at=self.request.get("started_at"),
            text=text,
            recording=self.request.get("recording"),
            message=time_limits.text_of(error, task=self),
        )


def reliable_task(payload: type[Payload], **options: Any) -> Callable[[Callable[..., None]], Task]:
    """Declare a Celery task for `payload`: `@shared_task`, bound, based on `ReliableTask`, backoff with full jitter.

    `options` are Celery's own, such as `autoretry_for`, `max_retries`, `retry_backoff`, `time_limit` (seconds).
    Time limits and operational errors of the database are always retried; an outage or a deadlock spends no attempt.
    """
    from messaging.worker.direct import DirectTask

    autoretry_for = (*options.pop("autoretry_for", ()), OperationalError, InterfaceError, SoftTimeLimitExceeded)
    defaults = {
        "bind": True,
        "base": DirectTask if direct.is_on() else ReliableTask,
        "name": payload.task,
        "payload": payload,
        "autoretry_for": autoretry_for,
        **backoff.celery_options(),
    }
    return shared_task(**(defaults | options))


def _delay(eta: Any, countdown: float | None, *, default: float) -> float:
    if eta is not None:
        return max(0.0, (eta - timezone.now()).total_seconds())
    return default if countdown is None else countdown
