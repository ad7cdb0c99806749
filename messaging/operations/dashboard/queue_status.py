"""Queue table: state of each queue in the ledger and at the broker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from operator import attrgetter
from typing import Any

from celery import current_app
from django.db.models import Count, Min
from django.utils import timezone

from messaging import pauses
from messaging.broker import inspect
from messaging.conf import settings
from messaging.models import Message, State
from messaging.models.backlog import COUNTED, Backlog, backlogs, dead_by_queue
from messaging.models.snapshot import snapshot
from messaging.operations.dashboard import throughput
from messaging.relay import flow
from messaging.topology import topology


@dataclass(frozen=True)
class QueueRow:
    """`depth` counts messages ready at the broker; it and `consumers` are None while the broker is unreachable.

    In the ledger, `waiting` messages are due but not sent, and `scheduled` ones are due later. `in_flight` ones are at
    the broker or with workers; relays keep them at `in_flight_limit` or below. `oldest_seconds` is the age of the
    oldest message that is due or in flight; None when there is none. `drained_in_seconds` is how long the waiting and
    the in-flight ones take at the present rate; None while none finishes, no worker is known to consume, or the queue
    is paused.

    `refusal` says why the broker refuses the queue, to which nothing is sent meanwhile; empty if it does not.
    `waiting`, `scheduled` and `dead` are counted up to `COUNTED`; with that many waiting, `drained_in_seconds` is the
    least that it can take.
    """

    name: str
    depth: int | None
    consumers: int | None
    oldest_seconds: float | None
    dead: int
    paused: bool
    in_flight: int
    in_flight_limit: int
    waiting: int
    scheduled: int
    drained_in_seconds: float | None
    refusal: str

    @property
    def working(self) -> int | None:
        """Messages held by workers: an estimate, since broker and ledger are not read at the same moment."""
        return None if self.depth is None else max(0, self.in_flight - self.depth)

    @property
    def is_counted(self) -> bool:
        """Whether `waiting` is the number of all waiting messages."""
        return self.waiting < COUNTED


@dataclass(frozen=True, slots=True)
class Broker:
    """What the broker says of its queues, by name: messages ready, and consumers; neither while it is unreachable."""

    is_reachable: bool = False
    depths: Mapping[str, int] = field(default_factory=dict)
    consumers: Mapping[str, int] = field(default_factory=dict)


def queue_rows(*, pending: Mapping[str, Backlog] | None = None, broker: Broker | None = None) -> list[QueueRow]:
    """Every queue of the topology, with a statement per queue, six more, and one connection to the broker.

    The ledger's numbers are of one moment. `pending` and `broker` save reading them again.
    """
    broker = broker or ask_broker()
    with snapshot():
        return _rows(pending or backlogs(now=timezone.now()), broker)


def _rows(pending: Mapping[str, Backlog], broker: Broker) -> list[QueueRow]:
    now, sent, dead = timezone.now(), _sent(), dead_by_queue()
    paused, rates, refused = pauses.paused(), throughput.rates(now=now), flow.refused()
    idle = {queue for queue in topology().queues if not broker.consumers.get(queue)}
    return [
        QueueRow(
            name=queue,
            depth=broker.depths.get(queue),
            consumers=broker.consumers.get(queue, 0) if broker.is_reachable else None,
            oldest_seconds=_age(now, pending[queue].oldest, sent[queue][1]),
            dead=dead[queue],
            paused=queue in paused,
            in_flight=sent[queue][0],
            in_flight_limit=settings.CONVEYOR_IN_FLIGHT,
            waiting=pending[queue].waiting,
            scheduled=pending[queue].scheduled,
            drained_in_seconds=_drained_in(
                pending[queue].waiting + sent[queue][0], rate=0 if queue in paused | idle else rates[queue]
            ),
            refusal=refused.get(queue, ""),
        )
        for queue in topology().queues
    ]


def scheduled(*, queue: str, backlog: Backlog, now: datetime, limit: int) -> list[Message]:
    """Messages of `queue` that are due later, the next one first: one statement per priority, which reads no others."""
    later = Message.objects.filter(state=State.PENDING, queue=queue, available_at__gt=now).order_by("available_at")
    lanes = [list(later.filter(priority=priority)[:limit]) for priority in backlog.scheduled_lanes]
    return list(merge(*lanes, key=attrgetter("available_at")))[:limit]


def _sent() -> dict[str, tuple[int, datetime | None]]:
    rows = Message.objects.filter(state=State.SENT).order_by().values_list("queue")
    found = {queue: (count, oldest) for queue, count, oldest in rows.annotate(Count("pk"), Min("available_at"))}
    return dict.fromkeys(topology().queues, (0, None)) | found


def _age(now: datetime, *oldest: datetime | None) -> float | None:
    known = [at for at in oldest if at]
    return round((now - min(known)).total_seconds(), 3) if known else None


def _drained_in(messages: int, *, rate: float) -> float | None:
    """Seconds, at `rate` messages per minute."""
    if not messages:
        return 0.0
    return round(messages / rate * 60, 1) if rate else None


def drain_forecast() -> dict[str, float | None]:
    """`drained_in_seconds` of each queue by the database alone, without a look at who consumes: four statements."""
    now = timezone.now()
    pending, sent, paused, rates = backlogs(now=now), _sent(), pauses.paused(), throughput.rates(now=now)
    return {
        queue: _drained_in(pending[queue].waiting + sent[queue][0], rate=0 if queue in paused else rates[queue])
        for queue in topology().queues
    }


def ask_broker() -> Broker:
    """One connection to the broker, within the time that `inspect.ask` allows. A paused queue needs no worker."""

    def question(connection: Any) -> Broker:
        depths = {queue: inspect.depth(connection, queue) for queue in topology().queues.keys() - flow.refused()}
        return Broker(True, depths, inspect.consumers(current_app, connection, wanted=wanted))

    wanted = set(topology().queues) - pauses.paused()
    return inspect.ask(question) or Broker()
