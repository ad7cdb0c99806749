"""In which words is a bulk operation told to people?"""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.operations.models import BulkOperation
from messaging.operations.privacy.masking import mask_text

#: What is said after a wish was granted.
DONE = {
    "start": gettext_lazy("It runs in the background; you may leave this page."),
    "pause": gettext_lazy("Paused: no more are sent until it is resumed."),
    "resume": gettext_lazy("It goes on."),
    "cancel": gettext_lazy("Cancelled: no more are sent. What was sent before comes to its end."),
}
_NAMES: dict[str, Any] = {
    "queue": gettext_lazy("queue"),
    "task": gettext_lazy("task"),
    "error": gettext_lazy("error"),
    "group": gettext_lazy("group"),
    "subject": gettext_lazy("about"),
    "since": gettext_lazy("died from"),
    "until": gettext_lazy("died before"),
    "list": gettext_lazy("list"),
}


def chosen(operation: BulkOperation) -> str:
    """What was chosen, such as "queue payments, error Timeout"."""
    wanted = dict(operation.chosen)
    if "ids" in wanted:
        return ngettext("%(count)d chosen message", "%(count)d chosen messages", wanted["ids"]) % {
            "count": wanted["ids"]
        }
    if "all" in wanted:
        return _("all dead messages")
    return ", ".join(f"{_NAMES.get(name, name)} {mask_text(str(value))}" for name, value in wanted.items())


def why_stopped(operation: BulkOperation) -> str:
    """Why it stopped by itself, in a sentence; empty where it did not."""
    why = operation.stopped_for
    if not why:
        return ""
    if why["code"] == "canary":
        return _("%(failed)d of the first %(of)d failed again, so the rest was not sent.") % why
    if why["code"] == "canary_late":
        return (
            _("After %(seconds)d seconds only %(ended)d of the first %(of)d had ended, so the rest was not sent.") % why
        )
    return _("%(failed)d of the last %(of)d failed again, so the rest was not sent.") % why


def queue_is_paused(queue: str) -> str:
    return _("The queue %(queue)s is paused: what is sent to it waits until it is resumed.") % {"queue": queue}
