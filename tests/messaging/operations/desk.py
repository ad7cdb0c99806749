"""Failed tasks, URLs, permissions and clients shared by the desk's tests."""

from django.urls import reverse

from messaging import outbox, transitions
from messaging.models import Message
from messaging.payloads import Payload
from messaging.transitions.failure import failure_of, synthetic_failure
from tests.messaging.deliver import send
from tests.messaging.samples import Sample

ALL_PERMISSIONS = (
    "view_failedtask", "view_failuregroup", "reveal_payload", "retry_message", "bulk_retry", "edit_message",
    "discard_message", "pause_queue",
)  # fmt: skip
LIST = "/admin/operations/failedtask/"
GROUPS = "/admin/operations/failuregroup/"


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


def quarantined() -> Message:
    """A failed task that has died again after three retries."""
    message = failed_task()
    Message.objects.filter(pk=message.pk).update(revivals=3, replayed_from=message.attempts)
    message.refresh_from_db()
    return message


def page_url(message: Message, name: str = "change") -> str:
    return reverse(f"admin:operations_failedtask_{name}", args=[message.pk])


def body(response) -> str:
    content = response.getvalue() if response.streaming else response.content
    return content.decode()


def dead(subject: str = "CV-1", error: Exception | None = None) -> Message:
    """A dead message whose payload and error contain markup."""
    with outbox.transaction():
        message = outbox.enqueue(Sample(text="<script>alert(1)</script>"), subject=subject)
    try:
        raise error or ValueError("<img src=x onerror=alert(1)>")
    except Exception as caught:
        failure = failure_of(caught, task=message.task)
    transitions.bury(message_id=message.pk, sends=send(message).sends, failure=failure)
    message.refresh_from_db()
    return message
