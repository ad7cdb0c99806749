"""Labels and sentences about a bulk retry, for operators."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging import clock
from messaging.operations.models import BulkOperation
from messaging.operations.privacy.masking import mask_text

#: Shown once an action has succeeded.
CONFIRMATIONS = {
    "start": gettext_lazy("Bulk retry started. It runs in the background; you can leave this page."),
    "pause": gettext_lazy("Bulk retry paused. No more messages are sent until you resume it."),
    "resume": gettext_lazy("Bulk retry resumed."),
    "cancel": gettext_lazy("Bulk retry cancelled. No more messages are sent; those already sent will finish."),
}
_NAMES: dict[str, Any] = {
    "queue": gettext_lazy("queue"),
    "task": gettext_lazy("task"),
    "error": gettext_lazy("error"),
    "group": gettext_lazy("group"),
    "subject": gettext_lazy("subject"),
    "since": gettext_lazy("died on or after"),
    "until": gettext_lazy("died before"),
    "list": gettext_lazy("list"),
}


def chosen(operation: BulkOperation) -> str:
    """The selection, such as "queue payments, error Timeout"."""
    selection = dict(operation.chosen)
    if "ids" in selection:
        count = selection["ids"]
        return ngettext("%(count)d selected message", "%(count)d selected messages", count) % {"count": count}
    if "all" in selection:
        return _("all dead messages")
    return ", ".join(f"{_NAMES.get(name, name)} {_shown(name, value)}" for name, value in selection.items())


def _shown(name: str, value: object) -> str:
    """Times were stored as ISO 8601; only the other values may hold personal data."""
    return clock.exact(datetime.fromisoformat(str(value))) if name in ("since", "until") else mask_text(str(value))


def why_stopped(operation: BulkOperation) -> str:
    """Why it stopped automatically; empty if it did not."""
    why = operation.stopped_for
    if not why:
        return ""
    if why["code"] == "canary":
        return _("%(failed)d of the first %(of)d failed again, so the rest was not sent.") % why
    if why["code"] == "canary_late":
        return (
            _("Only %(ended)d of the first %(of)d finished within %(seconds)d seconds, so the rest was not sent.") % why
        )
    return _("%(failed)d of the last %(of)d failed again, so the rest was not sent.") % why


def queue_is_paused(queue: str) -> str:
    return _("The queue %(queue)s is paused: messages sent to it wait until it is resumed.") % {"queue": queue}
