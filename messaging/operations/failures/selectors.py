"""Reads of dead messages by filters."""

from django.db.models import Q

from messaging.models import MessageQuerySet, State
from messaging.operations.failures import quarantine
from messaging.operations.models import FailedTask


def failed_tasks(
    *, queue: str = "", task: str = "", error: str = "", group: str = "", subject: str = "", quarantined: bool = False
) -> MessageQuerySet:
    """The matching dead messages, newest failure first. `error` is as in `error_matches`.

    Without the bytes of what could not be read, which no list shows: hundreds of rows of them are in memory at a time.
    """
    rows = FailedTask.objects.defer("raw_body").filter(quarantine.condition() if quarantined else Q(state=State.DEAD))
    for field, value in {"queue": queue, "task": task, "fingerprint": group, "subject": subject}.items():
        if value:
            rows = rows.filter(**{field: value})
    if error:
        rows = rows.filter(error_matches(error))
    return rows.order_by("-finished_at", "-id")


def error_matches(error: str) -> Q:
    """Matches an error type, with or without its module, or part of an error message."""
    named = Q(error_type__iexact=error) | Q(error_type__iendswith=f".{error}")
    return named | Q(error_message__icontains=error)
