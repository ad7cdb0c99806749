"""What can be read from the ledger?"""

from django.db.models import Q

from messaging.models import Attempt, FailedTask, Message, MessageQuerySet, State


def failed_tasks(
    *, queue: str = "", task: str = "", error: str = "", group: str = "", subject: str = ""
) -> MessageQuerySet:
    """The dead messages that fit, the newest failure first. `error` is an error type or a part of its message."""
    rows = FailedTask.objects.filter(state=State.DEAD)
    for field, value in {"queue": queue, "task": task, "fingerprint": group, "subject": subject}.items():
        if value:
            rows = rows.filter(**{field: value})
    if error:
        rows = rows.filter(Q(error_type__iexact=error) | Q(error_message__icontains=error))
    return rows.order_by("-finished_at", "-id")


def attempts_of(message: Message) -> list[Attempt]:
    return list(message.attempt_set.order_by("number", "id"))
