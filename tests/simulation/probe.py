"""The probe: a task whose effect nothing but the engine protects, so that its rows show how often it was done."""

import uuid
from collections.abc import Callable

from messaging import outbox
from messaging.models import Message, State
from messaging.payloads import Payload
from messaging.worker.task import ReliableTask, reliable_task
from orders.models import Order, OrderEvent

KIND = "probe"


class Probe(Payload, task="simulation.probe", routing_key="notification.probe"):
    order_id: int


#: Whether the task fails between its two effects; a run sets it.
fails: list[Callable[[], bool]] = []


@reliable_task(Probe, autoretry_for=(OSError,))
def probe(self: ReliableTask, payload: Probe) -> None:
    with self.complete():
        _leave_trace(self, payload)
        if any(each() for each in fails):
            raise OSError("the probe was made to fail")
        _leave_trace(self, payload)


def _leave_trace(task: ReliableTask, payload: Probe) -> None:
    OrderEvent.objects.create(order_id=payload.order_id, kind=KIND, data={"message": str(uuid.UUID(task.request.id))})


def send(order: Order) -> None:
    with outbox.transaction():
        outbox.enqueue(Probe(order_id=order.pk))


def wrong() -> list[str]:
    """Messages whose effects are not there exactly once: both of them if it is done, none of them otherwise."""
    traces = [data["message"] for data in OrderEvent.objects.filter(kind=KIND).values_list("data", flat=True)]
    states = Message.objects.filter(task=Probe.task).values_list("pk", "state")
    due = {str(pk): 2 if state == State.DONE else 0 for pk, state in states}
    return [
        f"probe {pk}: {traces.count(pk)} effects, not {count}" for pk, count in due.items() if traces.count(pk) != count
    ]
