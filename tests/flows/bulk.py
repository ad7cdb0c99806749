"""How does a test measure a bulk retry that real processes drive? With messages that only shipping's workers touch."""

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


def make_dead(count: int, *, using: str, mended: bool = True) -> None:
    """Dead messages. Once mended they succeed, since there is no parcel to look for; else they fail again at once."""
    payload: Any = TrackShipment(order_id=0) if mended else CancelParcel(shipment_id=uuid.uuid4())
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
                error_message="The other side was down.",
            )
            for _ in range(count)
        ),
        batch_size=1000,
    )


def operation(id_: str, *, using: str) -> BulkOperation:
    return BulkOperation.objects.using(using).get(pk=id_)


def sendings(id_: str, *, using: str) -> list[Any]:
    """When each message that went was sent, in order. All were sent once: asserted."""
    items = BulkItem.objects.using(using).filter(operation_id=uuid.UUID(id_))
    gone = items.filter(message__sends__gt=1).values_list("message__sends", "message__sent_at")
    assert {sends for sends, _ in gone} <= {2}, "a message was sent twice"
    return sorted(at for _, at in gone)


def busiest_second(moments: list[Any]) -> int:
    """The most of them within any window of one second."""
    return max((bisect_left(moments, at + SECOND) - index for index, at in enumerate(moments)), default=0)
