"""Counters and histograms of messages: published, done, retried, dead; waiting and working time; circuits.

Where a transition is announced inside a transaction, it is counted after the commit. Labels are names that the project
declares; whatever else a message carries is counted as `other`.
"""

import time
from collections import Counter
from collections.abc import Sequence
from functools import cache, partial
from typing import Any, Final

from django.db import transaction
from django.db.models.signals import post_save

from messaging import circuit_breaker, signals
from messaging.hooks import observers
from messaging.hooks.observers import Ending, Observer
from messaging.models import Circuit, Message
from messaging.payloads import payload_for, registered_payloads
from messaging.relay.claim import Claimed
from messaging.relay.publish import Outcome
from messaging.telemetry.store import counter, harmless, histogram
from messaging.topology import topology
from messaging.worker.admission import HEADER
from messaging.worker.task import ReliableTask

OTHER: Final = "other"
_OF: Final = ("queue", "task")
#: From an idle queue to an outage; a minute is the objective of an order.
_WAITING: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
#: No message waits for a year; the header is from outside, and one such value would outweigh all others.
_LONGEST: Final = 365 * 86_400.0
#: Up to the time limit of a task.
_WORKING: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60)

SENT = counter("conveyor_messages_sent", "Publications that the broker confirmed, repeated ones included.", _OF)
DONE = counter("conveyor_messages_done", "Messages whose effects were committed. A duplicate is not counted.", _OF)
RETRIED = counter(
    "conveyor_messages_retried",
    "Failed attempts that will be repeated. One that killed its worker counts where it is noticed: at the redelivery.",
    _OF,
)
DEAD = counter("conveyor_messages_dead", "Messages that became dead, strays included.", _OF)
WAITING = histogram(
    "conveyor_message_waiting_seconds",
    "From the time at which a message was due to the start of its run. Redeliveries by the broker are left out.",
    ["queue"],
    buckets=_WAITING,
)
WORKING = histogram(
    "conveyor_message_working_seconds", "Duration of a run, whatever its outcome.", _OF, buckets=_WORKING
)
OPENED = counter("conveyor_circuit_opened", "Openings of a circuit.", ["circuit"])
REFUSED = counter("conveyor_circuit_refused", "Runs that ended because a circuit was open.", ["circuit"])


class MessageMetrics(Observer):
    """Counts what relays publish and what workers run."""

    def published(self, batch: Sequence[Claimed], outcome: Outcome, *, seconds: float) -> None:
        _count_sent(batch, outcome)

    def started(self, task: ReliableTask) -> Ending:
        began = time.perf_counter()
        _observe_waiting(task)

        @harmless
        def end(error: BaseException | None) -> None:
            labels = (queue_of(task.name), task_label(task.name))
            WORKING.labels(*labels).observe(time.perf_counter() - began)
            if task.request.get("completed"):
                DONE.labels(*labels).inc()
            if isinstance(cause := getattr(error, "__cause__", None), circuit_breaker.CircuitOpen):
                REFUSED.labels(circuit_label(cause.name)).inc()

        return end


def connect() -> None:
    """Count in this process from now on. Safe to call again."""
    if not any(isinstance(each, MessageMetrics) for each in observers._OBSERVERS):
        observers.register(MessageMetrics())
    signals.attempt_failed.connect(count_retry, dispatch_uid="messaging.telemetry.retried")
    signals.message_died.connect(count_death, dispatch_uid="messaging.telemetry.dead")
    post_save.connect(count_opening, sender=Circuit, dispatch_uid="messaging.telemetry.opened")


@harmless
def prepare() -> None:
    """Start the counters at zero, when all apps are ready: the first dead letter is an increase then, too.

    Without histograms: their buckets are many, and no alert needs their first observation.
    """
    for task in registered_payloads():
        for metric in (SENT, DONE, RETRIED, DEAD):
            metric.labels(queue_of(task), task)
    for queue in (*topology().queues, OTHER):
        DEAD.labels(queue, OTHER)
    for circuit in (*circuit_breaker.labels(), OTHER):
        OPENED.labels(circuit)
        REFUSED.labels(circuit)


def task_label(name: str) -> str:
    """Relays and the web server load no tasks, but every payload."""
    return name if payload_for(name) else OTHER


def queue_label(name: str) -> str:
    return name if name in topology().queues else OTHER


def circuit_label(name: str) -> str:
    return name if name in circuit_breaker.labels() else OTHER


@cache
def queue_of(task: str) -> str:
    """The queue of a task of this project."""
    payload = payload_for(task)
    return topology().queue_for(payload.routing_key) if payload else OTHER


def count_retry(*, message: Message, retry_at: Any, **details: Any) -> None:
    if retry_at is not None:
        _count_on_commit(RETRIED, message)


def count_death(*, message: Message, **details: Any) -> None:
    _count_on_commit(DEAD, message)


def count_opening(*, instance: Circuit, **details: Any) -> None:
    """The failure that opens a circuit has the time of the opening; later ones are later."""
    if instance.opened_at is not None and instance.opened_at == instance.failed_at:
        name = circuit_label(instance.pk)
        transaction.on_commit(harmless(lambda: OPENED.labels(name).inc()), robust=True)


def _count_on_commit(metric: Any, message: Message) -> None:
    transaction.on_commit(partial(_count, metric, message.queue, message.task), robust=True)


@harmless
def _count(metric: Any, queue: str, task: str) -> None:
    metric.labels(queue_label(queue), task_label(task)).inc()


@harmless
def _count_sent(batch: Sequence[Claimed], outcome: Outcome) -> None:
    confirmed = Counter((each.queue, each.task) for each in batch if each.pk in outcome.confirmed)
    for (queue, task), number in confirmed.items():
        SENT.labels(queue_label(queue), task_label(task)).inc(number)


@harmless
def _observe_waiting(task: ReliableTask) -> None:
    due_at = (task.request.get(HEADER) or {}).get("due_at")
    is_redelivered = (task.request.delivery_info or {}).get("redelivered")
    if isinstance(due_at, float) and not is_redelivered and abs(waited := time.time() - due_at) < _LONGEST:
        WAITING.labels(queue_of(task.name)).observe(max(0.0, waited))  # the clocks of database and worker may differ
