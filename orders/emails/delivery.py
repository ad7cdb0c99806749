"""At-most-once e-mail delivery, although the task may run more than once.

Mail servers have no idempotency keys. So each run first commits a claim, an `EmailDelivery` row, before it connects to
the server; the row becomes `sent` in the transaction that settles the message. A run that dies in between leaves the
row as `sending`: whether the e-mail went out is then unknown, and only an operator may send it again.
"""

import smtplib
import uuid
from contextlib import ExitStack
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from messaging import clock
from messaging.circuit_breaker import CircuitOpen, Verdict, guard
from messaging.hooks.next_steps import DISCARD, RETRY, NextStep, next_step, register
from messaging.recording import outside
from messaging.worker.task import AlreadySettled, ReliableTask
from orders.emails import email_sql
from orders.emails.mail_server import mail_server
from orders.models import EmailDelivery

#: Name of the mail server's circuit breaker.
CIRCUIT = "mail"
_SENDING, _SENT = EmailDelivery.State.SENDING, EmailDelivery.State.SENT
#: Replies by which a mail server refuses an e-mail before accepting it.
_REFUSALS = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError)

_UNKNOWN = "It is not known whether this e-mail was sent. Retry to send it again, or discard it if the customer has it."


register(
    smtplib.SMTPResponseException,
    smtplib.SMTPNotSupportedError,
    step=NextStep(
        _("The mail server refused the e-mail; nothing was sent."),
        _("Check the mail server's settings and limits, then retry it."),
        RETRY,
    ),
)
register(
    smtplib.SMTPRecipientsRefused,
    step=NextStep(
        _("The mail server refuses the recipient's address; nothing was sent."),
        _("Ask the shopper for another address, and discard the message. Retry it if the server was at fault."),
        DISCARD,
    ),
)


@next_step(
    _("The connection broke while the e-mail was handed over, so it may or may not have been sent."),
    _("Look for its Message-ID in the mail server's log. Discard it if it was sent; retry it to send it again."),
    action=RETRY,
)
class EmailOutcomeUnknown(Exception):
    """A run ended while it was talking to the mail server, so sending again could send twice.

    The text is an argument because Celery recreates an error in another process from its arguments.
    """

    def __init__(self, text: str = _UNKNOWN) -> None:
        super().__init__(text)


@next_step(
    _("Another run may have been sending this e-mail at the same time."),
    _("Retry it: an e-mail that is known to be sent is not sent again."),
    action=RETRY,
)
class StillSending(Exception):
    """Another run may be sending the e-mail right now; it cannot be after another `seconds`."""

    def __init__(self, *, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            f"Another run of this task may be sending this e-mail; checking again in {seconds:.0f} seconds."
        )


def send_once(task: ReliableTask, *, email: EmailMessage, kind: str, order_id: int | None = None) -> None:
    """Send `email` at most once and complete `task`, even if this or a concurrent run dies.

    Raises `OSError` if the server has definitely not accepted the e-mail, and `EmailOutcomeUnknown` if it may have.
    """
    id_ = uuid.UUID(task.request.id)
    try:
        may_send = claim(task, kind=kind, order_id=order_id)
    except StillSending as other:
        raise task.retry(exc=other, countdown=other.seconds) from other
    if may_send:
        _send_or_release(id_, email)
    try:
        with task.complete():
            email_sql.mark_sent(message_id=id_)
    except AlreadySettled:
        # A later run has rescheduled the message or made it dead, and has to find that this one succeeded.
        email_sql.mark_sent(message_id=id_)
        raise


def claim(task: ReliableTask, *, kind: str, order_id: int | None) -> bool:
    """Claim the right to send the e-mail of the task's message. False: it has already been sent.

    If no other run is known, one INSERT will do. Raises `StillSending` or `EmailOutcomeUnknown` if an earlier run has
    claimed it without recording an outcome, unless an operator has retried the message since.
    """
    message_id = uuid.UUID(task.request.id)
    if not task.may_overlap and email_sql.claim(message_id=message_id, order_id=order_id, kind=kind):
        return True
    return _claim_again(message_id, kind, order_id, task.replayed_from)


@transaction.atomic(savepoint=False)
def _claim_again(message_id: uuid.UUID, kind: str, order_id: int | None, replayed_from: int) -> bool:
    defaults = {"order_id": order_id, "kind": kind, "replayed_from": replayed_from, "claimed_at": clock.moment()}
    row, created = EmailDelivery.objects.get_or_create(message_id=message_id, defaults=defaults)
    if created:
        return True
    if row.state == _SENT:
        return False
    stale = EmailDelivery.objects.filter(pk=message_id, state=_SENDING, replayed_from__lt=replayed_from)
    if stale.update(replayed_from=replayed_from, claimed_at=clock.now()):
        return True
    seconds = (row.claimed_at + longest_run() - clock.now()).total_seconds()
    raise StillSending(seconds=seconds) if seconds > 0 else EmailOutcomeUnknown


def longest_run() -> timedelta:
    """The longest that a run which has claimed an e-mail can still be working on it."""
    return timedelta(seconds=2 * settings.CONVEYOR_TASK_TIME_LIMIT)


def _send_or_release(message_id: uuid.UUID, email: EmailMessage) -> None:
    """Send, or release the claim if the server is unreachable or refuses: then nothing was sent.

    Raises `CircuitOpen` while the server is down: the e-mail waits, and no attempt is spent.
    """
    if outside.withholds(f"e-mail: {email.subject}"):
        return
    try:
        with guard(CIRCUIT, judge=_judge):
            _send(message_id, email)
    except CircuitOpen as error:
        if isinstance(error.__cause__, EmailOutcomeUnknown):
            raise error.__cause__ from error.__cause__.__cause__  # a probe that may have been sent
        release(message_id)
        raise


def _judge(error: Exception) -> Verdict | None:
    """A server that refuses one e-mail is up; one that refuses to talk, or breaks off, is down."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Verdict.CLOSED_TO_US
    if _is_refusal(error) and not isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return Verdict.UP
    return Verdict.DOWN if isinstance(error, OSError | EmailOutcomeUnknown) else None


def _send(message_id: uuid.UUID, email: EmailMessage) -> None:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(mail_server())
        except Exception:
            release(message_id)
            raise
        try:
            server.send_messages([email])
        except Exception as error:
            if not _is_refusal(error):
                raise EmailOutcomeUnknown from error
            release(message_id)
            raise


def _is_refusal(error: Exception) -> bool:
    """Whether the server certainly did not accept the e-mail. A reply that is none leaves that open."""
    if type(error) is smtplib.SMTPResponseException:
        return False
    if isinstance(error, smtplib.SMTPDataError):
        return 400 <= error.smtp_code < 600
    return isinstance(error, _REFUSALS)


def release(message_id: uuid.UUID) -> None:
    """Drop the claim on an e-mail that is not recorded as sent."""
    EmailDelivery.objects.filter(pk=message_id, state=_SENDING).delete()
