"""In which words is a bulk operation told to people?"""

from django.utils.translation import gettext as _

from messaging.models import BulkOperation


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
