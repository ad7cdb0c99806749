"""Publishing without the ledger, as tutorials do it: what `CONVEYOR_PUBLISH` compares the outbox with.

`on_commit` loses the message of a process that dies after its commit. `naive` also announces what may yet be rolled
back, and a worker may look before the commit.
"""

from functools import partial

from celery import current_app
from django.db import transaction

from messaging.conf import settings
from messaging.models import Message
from messaging.relay import protocol
from messaging.worker.admission import HEADER


def is_on() -> bool:
    """Whether messages bypass the ledger: for benchmarks, in demo mode only."""
    return bool(settings.CONVEYOR_PUBLISH != "ledger")


def send(message: Message) -> None:
    """Send an unsaved `message` with Celery: after the commit, or with `naive` at once."""
    message.sends = 1
    post = partial(
        current_app.send_task,
        message.task,
        kwargs=message.payload,
        task_id=str(message.pk),
        queue=message.queue,
        routing_key=message.routing_key,
        priority=message.priority,
        countdown=(message.available_at - message.created_at).total_seconds() or None,
        headers={HEADER: protocol.headers_of(message)[HEADER]},
    )
    if settings.CONVEYOR_PUBLISH == "on_commit":
        transaction.on_commit(post)
    else:
        post()
