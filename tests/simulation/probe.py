"""The probe: a task whose effect nothing but the engine protects, so that its rows show how often it was done.

It has two releases. The newer one has another schema, and a second task that the older one does not know.
"""

import uuid
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from celery import Task, current_app

from messaging import outbox, payloads
from messaging.models import Attempt, Message, State
from messaging.payloads import Payload
from messaging.worker.task import ReliableTask, reliable_task
from orders.models import Order, OrderEvent

KIND = "probe"
RELEASES: Final = (1, 2)
NEWEST: Final = RELEASES[-1]
_ROUTE: Final = {"task": "tests.probe", "routing_key": "notification.probe"}
_MISUNDERSTANDINGS: Final = ("SchemaTooNew", "UnknownTask", "LiftMissing", "PayloadInvalid")


class _OldProbe(Payload, **_ROUTE):
    __qualname__ = "Probe"  # of one task there is one payload, whatever the release
    order_id: int


class Probe(Payload, **_ROUTE, version=2, lifts={1: lambda data: {"order": data["order_id"]}}):
    order: int


class Novelty(Payload, task="tests.novelty", routing_key="notification.novelty"):
    order: int


#: Whether the task fails between its two effects; a run sets it.
fails: list[Callable[[], bool]] = []


@reliable_task(Probe, autoretry_for=(OSError,))
def probe(self: ReliableTask, payload: Any) -> None:
    _leave_traces(self, order=payload.order_id if isinstance(payload, _OldProbe) else payload.order)


@reliable_task(Novelty, autoretry_for=(OSError,))
def novelty(self: ReliableTask, payload: Novelty) -> None:
    _leave_traces(self, order=payload.order)


def use(release: int) -> None:
    """Let the code be that of this release."""
    registry, tasks = payloads._REGISTRY, current_app.tasks
    newest = release == NEWEST
    registry[Probe.task] = probe.payload = Probe if newest else _OldProbe
    for known, value in ((registry, Novelty), (tasks, _novelty())):
        if newest:
            known[Novelty.task] = value
        else:
            known.pop(Novelty.task, None)


@cache
def _novelty() -> Task:
    return current_app.tasks[Novelty.task]


def send(order: Order) -> None:
    with outbox.transaction():
        if payloads.payload_for(Probe.task) is Probe:
            outbox.enqueue(Probe(order=order.pk))
            outbox.enqueue(Novelty(order=order.pk))
        else:
            outbox.enqueue(_OldProbe(order_id=order.pk))


def wrong() -> list[str]:
    """Messages whose effects are not there exactly once: both of them if it is done, none of them otherwise."""
    traces = [data["message"] for data in OrderEvent.objects.filter(kind=KIND).values_list("data", flat=True)]
    states = Message.objects.filter(task__in=(Probe.task, Novelty.task)).values_list("pk", "state")
    due = {str(pk): 2 if state == State.DONE else 0 for pk, state in states}
    return [
        f"probe {pk}: {traces.count(pk)} effects, not {count}" for pk, count in due.items() if traces.count(pk) != count
    ]


def misunderstood() -> list[str]:
    """Attempts that a message has spent because another release wrote it."""
    kinds = Attempt.objects.values_list("error_type", flat=True).distinct()
    return [kind for kind in kinds if kind.rpartition(".")[2] in _MISUNDERSTANDINGS]


def _leave_traces(task: ReliableTask, *, order: int) -> None:
    with task.complete():
        _leave_trace(task, order)
        if any(each() for each in fails):
            raise OSError("the probe was made to fail")
        _leave_trace(task, order)


def _leave_trace(task: ReliableTask, order: int) -> None:
    OrderEvent.objects.create(order_id=order, kind=KIND, data={"message": str(uuid.UUID(task.request.id))})
