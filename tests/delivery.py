"""How does a test deliver messages without a broker? As relay and worker do, in this process.

The relay's own `claim` picks the rows and its own headers go with them; Celery's own tracer runs the task.
"""

from functools import cache
from typing import Any

from celery import current_app
from celery.app.trace import build_tracer
from django.utils import timezone

from messaging.models import Message, State
from messaging.relay import wire
from messaging.relay.claims import claim


def deliver(message: Message, *, redelivered: bool = False) -> str:
    """Run the task of a message that was claimed. Returns the state in which that left the message."""
    task = _tasks()[message.task]
    request = wire.headers_of(message) | {
        "hostname": "test",
        "is_eager": True,
        "delivery_info": {"redelivered": redelivered, "routing_key": message.routing_key},
    }
    trace = build_tracer(task.name, task, eager=True, app=current_app)
    trace(str(message.pk), [], message.payload, request)
    message.refresh_from_db()
    return message.state


def deliver_due(*, limit: int = 100) -> list[Message]:
    """Deliver what is due, and what follows from it, until nothing is. Returns the messages in order."""
    delivered: list[Message] = []
    while len(delivered) < limit and (claimed := claim(limit=1)):
        deliver(claimed[0])
        delivered.extend(claimed)
    return delivered


def deliver_all(*, limit: int = 100) -> list[Message]:
    """Deliver all there is, as if the time of every delay had passed."""
    delivered: list[Message] = []
    while len(delivered) < limit and hurry():
        delivered += deliver_due(limit=limit)
    return delivered


def hurry(**only: Any) -> int:
    """Make pending messages due now."""
    return Message.objects.filter(state=State.PENDING, **only).update(available_at=timezone.now())


def take(*, task: str, **only: Any) -> Message:
    """Mark the one pending message of a task as sent, as the relay's claim does, for `deliver` to run."""
    message = Message.objects.get(task=task, state=State.PENDING, **only)
    message.state, message.sent_at, message.sends = State.SENT, timezone.now(), message.sends + 1
    message.save()
    return message


@cache
def _tasks() -> Any:
    """Celery's registry, after the modules that a worker loads at its start."""
    current_app.loader.import_default_modules()
    return current_app.tasks
