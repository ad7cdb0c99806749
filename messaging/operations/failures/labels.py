"""Labels of a message's state, and its failure summary."""

from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.conf import settings
from messaging.models import Message, State
from messaging.operations.failures import quarantine
from messaging.transitions.failure import short

Label = str | Promise
FAILED_AGAIN = gettext_lazy("failed again")
QUARANTINED = gettext_lazy("quarantined")


def label_of(message: Message) -> Label:
    """The label of the message's state. A dead one that was retried has "failed again", or is "quarantined"."""
    if quarantine.is_quarantined(message):
        return QUARANTINED
    if message.state == State.DEAD and message.replayed_from:
        return FAILED_AGAIN
    return State(message.state).label


def summary_of(message: Message) -> str:
    """What failed, in one sentence without personal data."""
    facts = {
        "task": message.task or _("A message that could not be decoded"),
        "subject": message.subject or _("no subject"),
        "count": message.attempts,
        "error": short(message.error_type),
    }
    if message.state == State.DONE:
        return _("%(task)s (%(subject)s) succeeded. Failed attempts: %(count)s, most recently %(error)s.") % facts
    if message.attempts == 1:
        return _("%(task)s (%(subject)s) failed on its first attempt: %(error)s.") % facts
    return _("%(task)s (%(subject)s) failed %(count)s times, most recently with %(error)s.") % facts


def task_of(message: Message) -> str:
    """The task's name, taken from the message's headers if its body was corrupt."""
    if message.task or not isinstance(message.raw_headers, dict):
        return message.task
    task = message.raw_headers.get("task")
    return task if isinstance(task, str) else ""


def purged_at(message: Message) -> datetime | None:
    """When a discarded message is deleted permanently; None for all others."""
    if message.state != State.DISCARDED or message.finished_at is None:
        return None
    return message.finished_at + timedelta(days=settings.CONVEYOR_KEEP_DISCARDED_DAYS)
