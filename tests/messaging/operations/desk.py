"""Failed tasks, URLs and permissions shared by the desk's tests."""

from django.urls import reverse

from messaging import outbox, transitions
from messaging.models import Message
from messaging.payloads import Payload
from messaging.transitions.failure import synthetic_failure
from tests.messaging.deliver import send

ALL_PERMISSIONS = (
    "view_failedtask", "view_failuregroup", "reveal_payload", "retry_message", "bulk_retry", "edit_message",
    "discard_message", "pause_queue",
)  # fmt: skip


class PrintJob(Payload, task="tests.print_job", routing_key="maintenance.print_job"):
    email: str
    copies: int
    pages: list[int] = []


def failed_task(**payload) -> Message:
    """A dead message whose payload and error contain personal data."""
    with outbox.transaction():
        message = outbox.enqueue(PrintJob(**{"email": "ada@example.com", "copies": 1} | payload), subject="CV-5")
    failure = synthetic_failure("Bug", "no mailbox ada@example.com", task=message.task)
    transitions.bury(message_id=message.pk, sends=send(message).sends, failure=failure)
    message.refresh_from_db()
    return message


def page_url(message: Message, name: str = "change") -> str:
    return reverse(f"admin:operations_failedtask_{name}", args=[message.pk])


def body(response) -> str:
    content = response.getvalue() if response.streaming else response.content
    return content.decode()
