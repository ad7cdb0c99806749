"""What can be read from the ledger: failed tasks, and how the queues stand?"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from celery import current_app
from django.db.models import Count, Min, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from messaging import broker_view
from messaging.models import Attempt, FailedTask, Message, MessageQuerySet, State
from messaging.topology import topology

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class QueueRow:
    """`depth` and `consumers` are None while the broker does not answer. `oldest_seconds` is the age of the oldest
    message that is due or sent and not yet answered; None when there is none."""

    name: str
    depth: int | None
    consumers: int | None
    oldest_seconds: float | None
    dead: int
    paused: bool = False


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


def queue_rows() -> list[QueueRow]:
    """Every queue of the topology, with two statements, and one look at the broker."""
    dead = dict(Message.objects.dead().values_list("queue").annotate(Count("id")))
    now = timezone.now()
    waiting = Message.objects.filter(Q(state=State.SENT) | Q(state=State.PENDING, available_at__lte=now))
    oldest = dict(waiting.values_list("queue").annotate(Min("available_at")))
    depths, consumers = _ask_broker()
    return [
        QueueRow(
            name=queue,
            depth=depths.get(queue),
            consumers=consumers.get(queue, 0) if consumers is not None else None,
            oldest_seconds=round((now - oldest[queue]).total_seconds(), 3) if queue in oldest else None,
            dead=dead.get(queue, 0),
        )
        for queue in topology().queues
    ]


def broker_answers() -> bool:
    return _with_broker(lambda connection: True) is not None


def _ask_broker() -> tuple[dict[str, int], dict[str, int] | None]:
    def ask(connection: Any) -> tuple[dict[str, int], dict[str, int]]:
        depths = {queue: broker_view.depth(connection, queue) for queue in topology().queues}
        return depths, broker_view.consumers(current_app, connection)

    return _with_broker(ask) or ({}, None)


def _with_broker(ask: Callable[[Any], Answer]) -> Answer | None:
    """What `ask` says of a fresh connection; None if the broker cannot be reached, or knows no such queue yet."""
    connection = current_app.connection_for_read()
    try:
        with connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=2)
            try:
                return ask(connection)
            except connection.channel_errors as error:
                log.info("the broker does not know a queue: %s", error)
                return None
    except (OperationalError, OSError, *connection.connection_errors) as error:
        log.info("the broker does not answer: %s", error)
        return None
