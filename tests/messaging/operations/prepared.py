"""Rows that an operator's action starts from."""

from typing import Any

from django.utils import timezone

from messaging import outbox
from messaging.models import Circuit, Message
from messaging.operations import actions
from messaging.operations.bulk_retry import services as bulk
from messaging.operations.models import BulkOperation, FailureGroup
from messaging.operations.permissions import Actor
from tests.messaging.operations.bulk_retry.dead import previewed
from tests.messaging.operations.desk import failed_task
from tests.messaging.samples import Sample

ANN = Actor.system("ann")


def discarded() -> Any:
    """A discarded message, and the id of the discard."""
    message = failed_task()
    return message, actions.discard(ids=[message.pk], actor=ANN, reason="old").operation_id


def group() -> FailureGroup:
    return FailureGroup.objects.get(pk=failed_task().fingerprint)


def bulk_retry(state: str) -> BulkOperation:
    """A bulk retry of one message, in this state."""
    failed_task()
    operation = previewed()
    if state != "preview":
        bulk.start(operation_id=operation.pk, pace=bulk.Pace(), actor=ANN)
    if state == "paused":
        bulk.pause(operation_id=operation.pk, actor=ANN)
    return operation


def scheduled() -> Message:
    with outbox.transaction():
        return outbox.enqueue(Sample(text="later"), delay=600)


def paused() -> str:
    actions.pause(queue="maintenance", actor=ANN, reason="holidays")
    return "maintenance"


def open_circuit() -> str:
    now = timezone.now()
    return Circuit.objects.create(pk="gateway.simulated", opened_at=now, probe_at=now).pk
