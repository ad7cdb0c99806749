"""In which honest word is it said how a message stands, and what should a person do next?"""

from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.conf import settings
from messaging.models import Message, State
from messaging.payloads import payload_for
from messaging.transitions.failure import short

Words = str | Promise
FAILED_AGAIN = gettext_lazy("failed again")

_LOST = ("WorkerLost", "DeliveryLimit", "TimeLimitExceeded", "SoftTimeLimitExceeded")


def word_of(message: Message) -> Words:
    """ "Sent" is not "succeeded", and a message that an operator sent again in vain has failed again."""
    if message.state == State.DEAD and message.replayed_from:
        return FAILED_AGAIN
    return State(message.state).label


def sentence_of(message: Message) -> str:
    """What failed, in one sentence that holds nothing personal."""
    facts = {
        "task": message.task or _("A message that could not be read"),
        "subject": message.subject or _("nothing in particular"),
        "count": message.attempts,
        "error": short(message.error_type),
    }
    if message.attempts == 1:
        return _("%(task)s, about %(subject)s, failed at its first attempt with %(error)s.") % facts
    return _("%(task)s, about %(subject)s, failed %(count)s times, the last time with %(error)s.") % facts


def next_step(message: Message, *, overtaken: bool = False) -> str:
    """What a person should do. `overtaken`: a newer message about the same has succeeded since."""
    if message.state != State.DEAD:
        return _settled_step(message)
    if overtaken:
        return _(
            "A newer message about the same has succeeded since. Check whether this one is still wanted before "
            "you retry it; else discard it."
        )
    return _dead_step(message)


def _dead_step(message: Message) -> str:
    task = task_of(message)
    kind = short(message.error_type)
    if payload_for(task) is None:
        return _("No code here knows this task. Deploy it and retry, or discard the message with a reason.")
    if not message.task or kind in ("PayloadInvalid", "UndecodableMessage"):
        return _("What it carries is wrong. Edit it into a valid payload and retry it, or discard it.")
    if kind in _LOST:
        return _("Its worker was lost or ran out of time. Look for memory and time in the worker's log, then retry.")
    if message.retries > 1:
        return _("It was tried several times: something it needs was away. See that it is back, then retry.")
    return _("Trying again did not seem to help: it looks like a bug or wrong data. Mend the cause, then retry.")


def _settled_step(message: Message) -> str:
    if message.state == State.PENDING and message.waits_for:
        return _("Nothing. It waits until %(system)s answers again.") % {"system": message.waits_for}
    if message.state == State.PENDING:
        return _("Nothing. It waits to be sent, from %(at)s on.") % {"at": _moment(message.available_at)}
    if message.state == State.SENT:
        return _("Nothing yet. It was sent, which is not success: look again when a worker has had it.")
    if message.state == State.DISCARDED:
        at = _moment(purged_at(message))
        return _("Nothing. It was discarded, and is deleted for good on %(at)s. Until then it can be restored.") % {
            "at": at
        }
    return _("Nothing. It has succeeded.")


def task_of(message: Message) -> str:
    """The task's name; where the body was corrupt, as the message's headers told it."""
    headers = message.raw_headers if isinstance(message.raw_headers, dict) else {}
    told = headers.get("task")
    return message.task or (told if isinstance(told, str) else "")


def purged_at(message: Message) -> datetime | None:
    """When a discarded message is deleted for good; None for all others."""
    if message.state != State.DISCARDED or message.finished_at is None:
        return None
    return message.finished_at + timedelta(days=settings.CONVEYOR_KEEP_DISCARDED_DAYS)


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "–"
