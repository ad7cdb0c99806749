"""Labels of a message's state, its failure summary, and what an operator should do next."""

from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.conf import settings
from messaging.models import Message, State, Waits
from messaging.payloads import payload_for
from messaging.transitions.failure import short

Label = str | Promise
FAILED_AGAIN = gettext_lazy("failed again")

#: Steps for errors of messages that no task has handled, by the error's name.
_STEPS = {
    "CannotPublish": gettext_lazy(
        "The broker does not accept this message as it is. Edit it, or raise the broker's limit, then retry."
    ),
    "EventNotUnderstood": gettext_lazy(
        "A signed event from outside could not be read. Look at its raw body, then discard the message."
    ),
    "NoSuchQueue": gettext_lazy(
        "No queue is bound for its routing key. Deploy a release that has one, then retry, or discard the message."
    ),
    "Revoked": gettext_lazy("It was revoked before it succeeded. Retry it if it should run, otherwise discard it."),
}
_LOST = ("WorkerLost", "DeliveryLimit", "TimeLimitExceeded", "SoftTimeLimitExceeded")


def label_of(message: Message) -> Label:
    """The label of the message's state. A message that died after an operator retried it has "failed again"."""
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
    if message.attempts == 1:
        return _("%(task)s (%(subject)s) failed on its first attempt: %(error)s.") % facts
    return _("%(task)s (%(subject)s) failed %(count)s times, most recently with %(error)s.") % facts


def next_step(message: Message, *, superseded: bool = False) -> str:
    """What an operator should do. `superseded`: a newer message of the same task and subject has succeeded."""
    if message.state != State.DEAD:
        return _settled_step(message)
    if superseded:
        return _(
            "A newer message of the same task and subject has succeeded. Check whether this one is still needed: "
            "retry it if so, otherwise discard it."
        )
    return _dead_step(message)


def _dead_step(message: Message) -> str:
    kind = short(message.error_type)
    if kind in _STEPS:
        return str(_STEPS[kind])
    if payload_for(task_of(message)) is None and kind != "UndecodableMessage":
        return _("The deployed code does not know this task. Deploy it and retry, or discard the message.")
    if not message.task or kind in ("PayloadInvalid", "UndecodableMessage"):
        return _("The payload is invalid. Edit and retry the message, or discard it.")
    if kind in _LOST:
        return _("The worker was lost or ran out of time. Check its log for memory and time limits, then retry.")
    if message.retries > 1:
        return _("Automatic retries are exhausted: a dependency was unavailable. Check that it is back, then retry.")
    return _("Not retried automatically: unexpected error. Fix the cause, then retry.")


def _settled_step(message: Message) -> str:
    if message.state == State.PENDING and message.waits_for in Waits:
        return _("None. It waits for %(worker)s and is tried again at %(at)s.") % {
            "worker": Waits(message.waits_for).label,
            "at": _moment(message.available_at),
        }
    if message.state == State.PENDING and message.waits_for:
        return _("None. It is sent once %(system)s is reachable again.") % {"system": message.waits_for}
    if message.state == State.PENDING:
        return _("None. It is scheduled for %(at)s.") % {"at": _moment(message.available_at)}
    if message.state == State.SENT:
        return _("None yet. It was sent, and no worker has reported its result.")
    if message.state == State.DISCARDED:
        at = _moment(purged_at(message))
        return _("None. It was discarded and is deleted permanently on %(at)s. You can restore it until then.") % {
            "at": at
        }
    return _("None. It succeeded.")


def task_of(message: Message) -> str:
    """The task's name, taken from the message's headers if its body was corrupt."""
    headers = message.raw_headers if isinstance(message.raw_headers, dict) else {}
    task = headers.get("task")
    return message.task or (task if isinstance(task, str) else "")


def purged_at(message: Message) -> datetime | None:
    """When a discarded message is deleted permanently; None for all others."""
    if message.state != State.DISCARDED or message.finished_at is None:
        return None
    return message.finished_at + timedelta(days=settings.CONVEYOR_KEEP_DISCARDED_DAYS)


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "–"
