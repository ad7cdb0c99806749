"""Bulk retries measured on real processes, with dead messages that only shipping workers handle."""

import uuid
from bisect import bisect_left
from datetime import timedelta
from typing import Any

from django.utils import timezone

from messaging.models import Message, State
from messaging.models.uuid7 import uuid7
from messaging.operations.models import BulkItem, BulkOperation
from shipping.payloads import CancelParcel, TrackShipment

SECOND = timedelta(seconds=1)


def make_dead(count: int, *, using: str, succeed: bool = True) -> None:
    """Dead messages that succeed when retried (nothing to track), or fail again at once (no such shipment)."""
    payload: Any = TrackShipment(order_id=0) if succeed else CancelParcel(shipment_id=uuid.uuid4())
    now = timezone.now()
    Message.objects.using(using).bulk_create(
        (
            Message(
                id=uuid7(),
                task=payload.task,
                queue="shipping",
                routing_key=f"{payload.routing_key}.low",
                priority=1,
                payload=payload.dump(),
                state=State.DEAD,
                attempts=1,
                sends=1,
                sent_at=now - timedelta(hours=1),
                finished_at=now,
                correlation_id=uuid.uuid4(),
                error_type="Outage",
                error_message="The carrier was unreachable.",
            )
            for _ in range(count)
        ),
        batch_size=1000,
    )


def operation(id_: str, *, using: str) -> BulkOperation:
    return BulkOperation.objects.using(using).get(pk=id_)


def send_times(id_: str, *, using: str) -> list[Any]:
    """Send times of all retried messages, in order. Asserts that none was sent twice."""
    items = BulkItem.objects.using(using).filter(operation_id=uuid.UUID(id_))
    retried = items.filter(message__sends__gt=1).values_list("message__sends", "message__sent_at")
    assert {sends for sends, _ in retried} <= {2}, "a message was sent twice"
    return sorted(at for _, at in retried)


def busiest_second(moments: list[Any]) -> int:
    """The highest number of moments within any one-second window."""
    return max((bisect_left(moments, at + SECOND) - index for index, at in enumerate(moments)), default=0)
