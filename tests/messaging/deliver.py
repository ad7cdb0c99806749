"""Delivers messages to their tasks as a worker process does, without a broker."""

from typing import Any

from celery import current_app
from celery.app.trace import build_tracer
from django.db import transaction

from messaging.models import Message
from messaging.relay import claim, protocol

# At import: it configures logging anew, which would remove the handlers of a running test.
current_app.loader.import_default_modules()


def claim_due(*, limit: int = 1000) -> list[Message]:
    """Claim what is due as the relay does; nothing is published. Returns the messages in the order of the claim."""
    ids = [claimed.pk for claimed in claim.claim(limit=limit)]
    found = Message.objects.in_bulk(ids)
    return [found[pk] for pk in ids]


def send(message: Message) -> Message:
    """Claim what is due, and return this message of it."""
    (claimed,) = (claimed for claimed in claim_due() if claimed.pk == message.pk)
    return claimed


def claimable() -> set[Message]:
    """What a relay would claim now. Nothing is changed."""
    with transaction.atomic():
        found = set(claim_due())
        transaction.set_rollback(True)
    return found


def hand_over(message: Message, **options: Any) -> str:
    """Run the task of a sent message. Returns Celery's state of the result. Takes the options of `trace`."""
    info = trace(message, **options)
    return info.state if info is not None else "SUCCESS"


def trace(message: Message, *, redelivered: bool = False, kwargs: Any = None, **headers: Any) -> Any:
    """Run the task of a sent message through Celery's tracer. Returns its `Info`: the state and what was raised."""
    task = current_app.tasks[message.task]
    request = protocol.headers_of(message) | {
        "hostname": "worker@test",
        "is_eager": False,
        "delivery_info": {"redelivered": redelivered, "routing_key": message.routing_key, "priority": message.priority},
        **headers,
    }
    tracer = build_tracer(task.name, task, app=current_app._get_current_object(), eager=False, propagate=False)
    arguments = message.payload if kwargs is None else kwargs
    _, info, _, _ = tracer(str(message.pk), (), arguments, request)
    return info


def deliver(message: Message, **options: Any) -> Message:
    """Send and hand over. Returns the message, refreshed."""
    hand_over(send(message), **options)
    message.refresh_from_db()
    return message
