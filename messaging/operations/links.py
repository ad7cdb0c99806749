"""URLs of the desk's pages."""

from django.urls import reverse

from messaging.models import Message, State


def message_url(message: Message) -> str:
    """The failure page of a message that died, else its page in the ledger."""
    died = message.replayed_from or message.state in (State.DEAD, State.DISCARDED)
    page = "operations_failedtask" if died else "messaging_message"
    return reverse(f"admin:{page}_change", args=[message.pk])
