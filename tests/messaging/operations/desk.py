"""Which failures and pages do the tests of the desk share?"""

from django.urls import reverse

from messaging import outbox, transitions
from messaging.models import Message
from messaging.payloads import Payload
from messaging.transitions.failure import synthetic_failure
from tests.messaging.deliver import send

ALL = (
    "view_failedtask", "view_failuregroup", "reveal_payload", "retry_message", "bulk_retry", "edit_message",
    "discard_message", "pause_queue",
)  # fmt: skip


class Letter(Payload, task="tests.letter", routing_key="maintenance.letter"):
    email: str
    copies: int
    pages: list[int] = []


def letter(**payload) -> Message:
    with outbox.transaction():
        message = outbox.enqueue(Letter(**{"email": "ada@example.com", "copies": 1} | payload), subject="CV-5")
    failure = synthetic_failure("Bug", "no mailbox ada@example.com", task=message.task)
    transitions.bury(message_id=send(message).pk, failure=failure)
    message.refresh_from_db()
    return message


def page(message: Message, name: str = "change") -> str:
    return reverse(f"admin:operations_failedtask_{name}", args=[message.pk])


def text(response) -> str:
    body = response.getvalue() if response.streaming else response.content
    return body.decode()
