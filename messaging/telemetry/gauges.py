"""Prometheus gauges of the ledger, counted from its partial indexes at each scrape. Backlogs are counted to `COUNTED`.

Only the database is queried, so every web process reports the same values. Finished messages are not counted: their
number only grows, and so would the time to count them.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from django.db.models import Count
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from messaging import circuit_breaker, pauses
from messaging.conf import settings
from messaging.models import Circuit, Message, State
from messaging.models.backlog import COUNTED, backlogs, dead_by_queue
from messaging.models.snapshot import snapshot
from messaging.topology import topology

log = logging.getLogger(__name__)
_OLDEST = "Age of the queue's oldest due message that is not sent yet; 0 while the queue is paused."


class LedgerCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        """Every family that can be read; `conveyor_metric_failed` names the others."""
        failed = []
        for read in FAMILIES:
            try:
                with snapshot():
                    families = list(read())
            except Exception:
                log.exception("metrics: %s failed", read.__name__)
                failed.append(read.__name__)
            else:
                yield from families
        parts = (([read.__name__], read.__name__ in failed) for read in FAMILIES)
        yield _gauge("conveyor_metric_failed", "1 if these metrics could not be read.", ["part"], parts)


def _gauge(name: str, text: str, labels: list[str], samples: Iterable[tuple[list[str], float]]) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=labels)
    for values, sample in samples:
        gauge.add_metric(values, sample)
    return gauge


def messages() -> Iterator[Metric]:
    queues, now, paused = topology().queues, timezone.now(), pauses.paused()
    pending, dead = backlogs(now=now), dead_by_queue()
    sent = dict(Message.objects.filter(state=State.SENT).values_list("queue").annotate(Count("pk")).order_by())
    counts = {
        State.PENDING: {queue: min(COUNTED, pending[queue].waiting + pending[queue].scheduled) for queue in queues},
        State.SENT: dict.fromkeys(queues, 0) | sent,
        State.DEAD: dead,
    }
    counted = (([queue, str(state)], count) for state, by_queue in counts.items() for queue, count in by_queue.items())
    yield _gauge("conveyor_messages", "Unfinished messages in the ledger.", ["queue", "state"], counted)
    # A paused queue would look like a relay that is down.
    oldest = {queue: None if queue in paused else pending[queue].oldest for queue in queues}
    ages = (([queue], (now - at).total_seconds() if at else 0) for queue, at in oldest.items())
    yield _gauge("conveyor_oldest_due_seconds", _OLDEST, ["queue"], ages)


def queues() -> Iterator[Metric]:
    paused, names = pauses.paused(), topology().queues
    is_paused = (([queue], queue in paused) for queue in names)
    yield _gauge("conveyor_queue_paused", "1 while the queue is paused.", ["queue"], is_paused)
    limits = (([queue], settings.CONVEYOR_IN_FLIGHT) for queue in names)
    yield _gauge("conveyor_in_flight_limit", "Most messages of the queue in flight at once.", ["queue"], limits)


def circuits() -> Iterator[Metric]:
    deferred = circuit_breaker.deferred_by_circuit()
    opened = set(Circuit.objects.filter(opened_at__isnull=False).values_list("pk", flat=True))
    is_open = (([name], name in opened) for name in deferred)
    yield _gauge("conveyor_circuit_open", "1 while the circuit of an external system is open.", ["circuit"], is_open)
    waiting = (([name], count) for name, count in deferred.items())
    yield _gauge("conveyor_circuit_waiting", "Messages deferred because a circuit is open.", ["circuit"], waiting)


FAMILIES: Final[list[Callable[[], Iterator[Metric]]]] = [messages, queues, circuits]
#: `auto_describe` would query the database at import.
registry = CollectorRegistry(auto_describe=False)
registry.register(LedgerCollector())
