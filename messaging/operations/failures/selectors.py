"""What can be read from the ledger?"""

from django.db.models import Q

from messaging.models import Attempt, Message, MessageQuerySet, State
from messaging.operations.models import FailedTask


def failed_tasks(
    *, queue: str = "", task: str = "", error: str = "", group: str = "", subject: str = ""
) -> MessageQuerySet:
    """The dead messages that fit, the newest failure first. `error` is as in `failed_with`."""
    rows = FailedTask.objects.filter(state=State.DEAD)
    for field, value in {"queue": queue, "task": task, "fingerprint": group, "subject": subject}.items():
        if value:
            rows = rows.filter(**{field: value})
    if error:
        rows = rows.filter(failed_with(error))
    return rows.order_by("-finished_at", "-id")


def failed_with(error: str) -> Q:
    """An error by its name, with its module or, as people say it, without; or by a part of its message."""
    named = Q(error_type__iexact=error) | Q(error_type__iendswith=f".{error}")
    return named | Q(error_message__icontains=error)


def attempts_of(message: Message) -> list[Attempt]:
    return list(message.attempt_set.order_by("number", "id"))
