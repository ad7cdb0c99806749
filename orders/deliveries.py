"""How is an e-mail sent once, although its task may run twice?

A mail server knows no idempotency key. So the right to send is a row that is committed before the server is spoken to,
and the row turns to `sent` together with the message's "done". A run that dies in between leaves a row that says
`sending`: then nobody knows whether the e-mail went out, and only a person may decide to send it again.
"""

import smtplib
import uuid
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone

from messaging.models import Message
from messaging.worker.task import AlreadySettled, ReliableTask
from orders.models import EmailDelivery

_SENDING, _SENT = EmailDelivery.State.SENDING, EmailDelivery.State.SENT
#: What a mail server answers before it has taken an e-mail on.
_REFUSALS = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError)

_UNKNOWN = "It is not known whether this e-mail was sent. A retry sends it again; discard it if the customer has it."


class EmailOutcomeUnknown(Exception):
    """A run ended while it spoke with the mail server. Sending again could send twice.

    Takes its text as an argument, since Celery carries an error between processes only if its arguments make it anew.
    """

    def __init__(self, text: str = _UNKNOWN) -> None:
        super().__init__(text)


class StillSending(Exception):
    """Another run may be speaking with the mail server now. `seconds` are left until that can no longer be."""

    def __init__(self, *, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            f"Another run of this task may be sending this e-mail; that is known in {seconds:.0f} seconds."
        )


def send_once(task: ReliableTask, *, email: EmailMessage, kind: str, order_id: int | None = None) -> None:
    """Send `email` and complete `task`; at most once, whatever becomes of this run or another beside it.

    Raises `OSError` if the server certainly has not taken the e-mail, and `EmailOutcomeUnknown` if it may have.
    """
    id_ = uuid.UUID(task.request.id)
    try:
        may_send = claim(message_id=id_, kind=kind, order_id=order_id)
    except StillSending as other:
        raise task.retry(exc=other, countdown=other.seconds) from other
    if may_send:
        _send_or_release(id_, email)
    try:
        with task.complete():
            _mark_sent(id_)
    except AlreadySettled:
        # A later run has put the message back or given it up, and must find that this one succeeded.
        _mark_sent(id_)
        raise


@transaction.atomic(savepoint=False)
def claim(*, message_id: uuid.UUID, kind: str, order_id: int | None = None) -> bool:
    """Take the right to send a message's e-mail. False: it was sent already.

    Raises `StillSending` or `EmailOutcomeUnknown` where an earlier run has taken it and not said how it ended, unless
    an operator has sent the message again since.
    """
    granted = Message.objects.values_list("replayed_from", flat=True).get(pk=message_id)
    wanted = {"order_id": order_id, "kind": kind, "replayed_from": granted}
    row, created = EmailDelivery.objects.get_or_create(message_id=message_id, defaults=wanted)
    if created:
        return True
    if row.state == _SENT:
        return False
    stale = EmailDelivery.objects.filter(pk=message_id, state=_SENDING, replayed_from__lt=granted)
    if stale.update(replayed_from=granted, claimed_at=timezone.now()):
        return True
    left = (row.claimed_at + longest_run() - timezone.now()).total_seconds()
    raise StillSending(seconds=left) if left > 0 else EmailOutcomeUnknown


def longest_run() -> timedelta:
    """After this time no run that has claimed an e-mail can still be at work on it."""
    return timedelta(seconds=2 * settings.CONVEYOR_TASK_TIME_LIMIT)


def _send_or_release(message_id: uuid.UUID, email: EmailMessage) -> None:
    """A server that cannot be reached, or that refuses, has sent nothing, so the claim is given back."""
    connection = get_connection()
    try:
        connection.open()
    except OSError:
        _release(message_id)
        raise
    try:
        connection.send_messages([email])
    except _REFUSALS:
        _release(message_id)
        raise
    except Exception as error:
        raise EmailOutcomeUnknown from error
    finally:
        with suppress(OSError):  # Taking leave may fail; what was accepted stays accepted.
            connection.close()


def _release(message_id: uuid.UUID) -> None:
    EmailDelivery.objects.filter(pk=message_id, state=_SENDING).delete()


def _mark_sent(message_id: uuid.UUID) -> None:
    EmailDelivery.objects.filter(pk=message_id, state=_SENDING).update(state=_SENT, sent_at=timezone.now())
