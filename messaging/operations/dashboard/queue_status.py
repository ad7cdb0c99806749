"""Queue table: state of each queue in the ledger and at the broker."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery import current_app
from django.db.models import Count, Min, Q
from django.utils import timezone

from messaging import pauses
from messaging.broker import inspect
from messaging.models import Message, State
from messaging.topology import topology


@dataclass(frozen=True)
class QueueRow:
    """`depth` counts messages ready at the broker; it and `consumers` are None while the broker is unreachable.

    In the ledger, `waiting` messages are due but not sent, `scheduled` ones are due later, and `sent` ones are in
    flight. `oldest_seconds` is the age of the oldest message that is due or in flight; None when there is none.
    """

    name: str
    depth: int | None
    consumers: int | None
    oldest_seconds: float | None
    dead: int
    paused: bool
    waiting: int
    scheduled: int
    sent: int

    @property
    def working(self) -> int | None:
        """Messages held by workers: an estimate, since broker and ledger are not read at the same moment."""
        return None if self.depth is None else max(0, self.sent - self.depth)


def queue_rows() -> list[QueueRow]:
    """Every queue of the topology, with four statements and one connection to the broker."""
    now = timezone.now()
    pending, sent = _pending(now), _sent()
    dead = dict(Message.objects.dead().order_by().values_list("queue").annotate(Count("pk")))
    paused = pauses.paused()
    depths, consumers = _ask_broker()
    return [
        QueueRow(
            name=queue,
            depth=depths.get(queue),
            consumers=consumers.get(queue, 0) if consumers is not None else None,
            oldest_seconds=_age(now, pending.get(queue), sent.get(queue)),
            dead=dead.get(queue, 0),
            paused=queue in paused,
            waiting=pending[queue]["waiting"] if queue in pending else 0,
            scheduled=pending[queue]["scheduled"] if queue in pending else 0,
            sent=sent[queue]["sent"] if queue in sent else 0,
        )
        for queue in topology().queues
    ]


def scheduled(*, queue: str, now: datetime, limit: int) -> list[Message]:
    """Messages of `queue` that are due later, the next one first."""
    later = Message.objects.filter(state=State.PENDING, queue=queue, available_at__gt=now)
    return list(later.order_by("available_at")[:limit])


def _pending(now: datetime) -> dict[str, dict[str, Any]]:
    due = Q(available_at__lte=now)
    rows = Message.objects.filter(state=State.PENDING).order_by().values("queue")
    counted = rows.annotate(
        waiting=Count("pk", filter=due), scheduled=Count("pk", filter=~due), oldest=Min("available_at", filter=due)
    )
    return {row["queue"]: dict(row) for row in counted}


def _sent() -> dict[str, dict[str, Any]]:
    rows = Message.objects.filter(state=State.SENT).order_by().values("queue")
    return {row["queue"]: dict(row) for row in rows.annotate(sent=Count("pk"), oldest=Min("available_at"))}


def _age(now: datetime, *rows: dict[str, Any] | None) -> float | None:
    oldest = [row["oldest"] for row in rows if row and row["oldest"]]
    return round((now - min(oldest)).total_seconds(), 3) if oldest else None


def _ask_broker() -> tuple[dict[str, int], dict[str, int] | None]:
    def question(connection: Any) -> tuple[dict[str, int], dict[str, int]]:
        depths = {queue: inspect.depth(connection, queue) for queue in topology().queues}
        return depths, inspect.consumers(current_app, connection)

    return inspect.ask(question) or ({}, None)
