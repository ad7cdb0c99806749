"""Dead messages for tests, and stand-ins for the driver, relay and workers of their bulk retry."""

import uuid
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from messaging import outbox
from messaging.models import Message, State
from messaging.models.uuid7 import uuid7
from messaging.operations.bulk_retry import driver, services
from messaging.operations.bulk_retry.selection import Filters, Selection
from messaging.operations.models import BulkOperation, ItemOutcome
from messaging.operations.permissions import Actor
from tests.messaging.samples import Sample

ANN = Actor.system("ann")


def dead(count: int = 1, **changes: Any) -> list[Message]:
    """Dead messages that can be retried, in the order of their death; `changes` are columns."""
    now = timezone.now()
    fields: dict[str, Any] = {
        "task": Sample.task,
        "queue": "maintenance",
        "routing_key": f"{Sample.routing_key}.normal",
        "payload": Sample(text="ok").dump(),
        "state": State.DEAD,
        "attempts": 3,
        "sends": 3,
        "sent_at": now - timedelta(hours=1),
        "error_type": "Bug",
        "error_message": "broken",
    }
    rows = [
        Message(
            id=uuid7(),
            correlation_id=uuid.uuid4(),
            **(fields | {"finished_at": now - timedelta(seconds=count - n)} | changes),
        )
        for n in range(count)
    ]
    return Message.objects.bulk_create(rows, batch_size=1000)


def previewed(**filters: Any) -> BulkOperation:
    return services.preview(selection=Selection.by_filters(Filters(**filters)), actor=ANN)


def started(count: int = 20, *, rate: int = 200, canary: int = 0, stop_ratio: float = 0.5) -> BulkOperation:
    """A running bulk retry of `count` dead messages."""
    dead(count)
    pace = services.Pace(rate=rate, canary=canary, stop_ratio=stop_ratio)
    return services.start(operation_id=previewed().pk, pace=pace, actor=ANN)


def turn(operation: BulkOperation) -> BulkOperation:
    """Take the driver's next turn. Returns the reloaded operation."""
    operation.refresh_from_db()
    with outbox.transaction():
        driver.drive(operation_id=operation.pk, turn=operation.turn)
    operation.refresh_from_db()
    return operation


def relay() -> list[Message]:
    """Send what is due by the test's clock, except the driver's own turns, which tests take themselves."""
    Message.objects.filter(task="operations.drive_bulk_retry").delete()
    now = timezone.now()
    due = list(Message.objects.filter(state=State.PENDING, available_at__lte=now))
    Message.objects.filter(pk__in=[message.pk for message in due]).update(
        state=State.SENT, sent_at=now, sends=F("sends") + 1
    )
    return due


def end(operation: BulkOperation, *, succeed: int = 0, fail: int = 0) -> None:
    """Finish the given numbers of sent messages, in order."""
    ids = operation.items.filter(outcome=ItemOutcome.SENT).order_by("position").values_list("message_id", flat=True)
    chosen, now = list(ids[: succeed + fail]), timezone.now()
    assert len(chosen) == succeed + fail
    Message.objects.filter(pk__in=chosen[:succeed]).update(state=State.DONE, finished_at=now)
    Message.objects.filter(pk__in=chosen[succeed:]).update(state=State.DEAD, finished_at=now)
