"""In-process delivery: runs an order's tasks as relay and worker would, without a broker."""

from typing import Any

from django.test import override_settings
from django.utils import timezone

from messaging import clock, scheduler
from messaging.models import Message, State
from tests.messaging.deliver import claim_due, hand_over


def deliver(message: Message, *, redelivered: bool = False) -> str:
    """Run the task of a claimed message and return the message's state afterwards."""
    hand_over(message, redelivered=redelivered)
    message.refresh_from_db()
    return message.state


def deliver_due(*, limit: int = 100) -> list[Message]:
    """Deliver due messages, including those enqueued on the way, until none is left. Returns them in order."""
    delivered: list[Message] = []
    while len(delivered) < limit and (claimed := claim_due(limit=1)):
        deliver(claimed[0])
        delivered.extend(claimed)
    return delivered


def run_periodic(task: str) -> list[Message]:
    """One tick of a periodic task and all slices that follow from it. Returns the messages of these slices."""
    scheduler.tick(task)
    return [message for message in deliver_due() if message.task == task]


def deliver_all(*, limit: int = 100) -> list[Message]:
    """Deliver all pending messages as if every delay had elapsed, including transit and payment deadlines."""
    delivered: list[Message] = []
    at_once = {"TRANSIT": 0, "UNPAID": 0, "ACTION": 0, "SETTLE": 0}
    with override_settings(**{f"CONVEYOR_{name}_SECONDS": seconds for name, seconds in at_once.items()}):
        while len(delivered) < limit and make_due():
            delivered += deliver_due(limit=limit)
    return delivered


def make_due(**only: Any) -> int:
    """Make pending messages due now; return their number."""
    return Message.objects.filter(state=State.PENDING, **only).update(available_at=clock.moment())


def claim_task(*, task: str, **only: Any) -> Message:
    """Claim the only pending message of `task`, as the relay does, ready for `deliver`."""
    message = Message.objects.get(task=task, state=State.PENDING, **only)
    message.state, message.sent_at, message.sends = State.SENT, timezone.now(), message.sends + 1
    message.save()
    return message
