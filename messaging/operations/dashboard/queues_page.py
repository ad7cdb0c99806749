"""Contents of the queues page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from messaging import pauses
from messaging.models import Message, QueuePause
from messaging.models.backlog import Backlog, backlogs
from messaging.models.snapshot import snapshot
from messaging.operations.dashboard import queue_status, throughput
from messaging.operations.dashboard.bar_chart import Chart, chart
from messaging.operations.dashboard.circuits import CircuitRow, circuit_rows
from messaging.operations.dashboard.pipeline_diagram import TALL, Pipeline, pipeline
from messaging.operations.dashboard.queue_status import QueueRow, queue_rows, scheduled

NEXT_SHOWN = 5
PAUSES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class QueueCard:
    """One queue: its counts, current pause, next scheduled messages, and throughput."""

    row: QueueRow
    pause: QueuePause | None
    next: list[Message]
    hour: Chart
    day: Chart


@dataclass(frozen=True, slots=True)
class QueuesOverview:
    at: datetime
    cards: list[QueueCard]
    diagram: Pipeline
    diagram_on_phones: Pipeline
    circuits: list[CircuitRow]
    broker_reachable: bool
    past_pauses: list[QueuePause]

    @property
    def rows(self) -> list[QueueRow]:
        return [card.row for card in self.cards]


def overview(*, now: datetime) -> QueuesOverview:
    """All queues and circuits, in a number of statements that depends on neither messages nor orders."""
    broker = queue_status.ask_broker()
    with snapshot():
        pending = backlogs(now=now)
        rows = queue_rows(pending=pending, broker=broker)
        past = QueuePause.objects.filter(resumed_at__lte=now).order_by("-resumed_at")[:PAUSES_SHOWN]
        return QueuesOverview(
            at=now,
            cards=_cards(rows, pending, now),
            diagram=pipeline(rows),
            diagram_on_phones=pipeline(rows, TALL),
            circuits=circuit_rows(),
            broker_reachable=broker.is_reachable,
            past_pauses=list(past),
        )


def _cards(rows: Sequence[QueueRow], pending: Mapping[str, Backlog], now: datetime) -> list[QueueCard]:
    current, finished = pauses.current(), throughput.recent(now=now)
    return [
        QueueCard(
            row=row,
            pause=current.get(row.name),
            next=scheduled(queue=row.name, backlog=pending[row.name], now=now, limit=NEXT_SHOWN),
            hour=chart(finished[row.name].hour),
            day=chart(finished[row.name].day),
        )
        for row in rows
    ]
