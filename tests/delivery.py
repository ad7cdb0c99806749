"""How does a test run an order's tasks without a broker? As relay and worker do, in this process."""

from typing import Any

from django.test import override_settings
from django.utils import timezone

from messaging.models import Message, State
from messaging.relay.claim import claim
from tests.messaging.deliver import hand_over


def deliver(message: Message, *, redelivered: bool = False) -> str:
    """Run the task of a message that was claimed. Returns the state in which that left the message."""
    hand_over(message, redelivered=redelivered)
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
    """Deliver all there is, as if the time of every delay had passed, that of parcels and unpaid orders included."""
    delivered: list[Message] = []
    with override_settings(CONVEYOR_TRANSIT_SECONDS=0, CONVEYOR_UNPAID_SECONDS=0):
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
