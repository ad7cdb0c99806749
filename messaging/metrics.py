"""Prometheus gauges of the ledger, counted from its partial indexes at each scrape.

Only the database is queried, so every web process reports the same values. Finished messages are not counted: their
number only grows, and so would the time to count them.
"""

from collections.abc import Iterable, Iterator

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from messaging import circuit_breaker, pauses
from messaging.models import Circuit, Message, State
from messaging.topology import topology

_COUNTED = (State.PENDING, State.SENT, State.DEAD)
_OLDEST = "Age of the oldest due message that is not sent yet, paused queues excluded."


class LedgerCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        paused, queues = pauses.paused(), topology().queues
        yield _gauge("conveyor_messages", "Unfinished messages in the ledger.", ["queue", "state"], _messages())
        is_paused = (([queue], queue in paused) for queue in queues)
        yield _gauge("conveyor_queue_paused", "1 while the queue is paused.", ["queue"], is_paused)
        # A paused queue would look like a relay that is down.
        yield _gauge("conveyor_oldest_due_seconds", _OLDEST, [], [([], _oldest_due(paused))])
        yield from _circuits()


def _gauge(name: str, text: str, labels: list[str], samples: Iterable[tuple[list[str], float]]) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=labels)
    for values, sample in samples:
        gauge.add_metric(values, sample)
    return gauge


def _messages() -> Iterator[tuple[list[str], float]]:
    for state in _COUNTED:
        counted = Message.objects.filter(state=state).values_list("queue").annotate(Count("pk")).order_by()
        for queue, count in (dict.fromkeys(topology().queues, 0) | dict(counted)).items():
            yield [queue, state.value], count


def _oldest_due(paused: frozenset[str]) -> float:
    now = timezone.now()
    due = Message.objects.due(now=now).exclude(queue__in=paused)
    oldest = due.aggregate(oldest=Min("available_at"))["oldest"]
    return (now - oldest).total_seconds() if oldest else 0


def _circuits() -> Iterator[Metric]:
    deferred = circuit_breaker.deferred_by_circuit()
    opened = set(Circuit.objects.filter(opened_at__isnull=False).values_list("pk", flat=True))
    names = sorted(circuit_breaker.labels().keys() | opened | deferred.keys())
    is_open = (([name], name in opened) for name in names)
    yield _gauge("conveyor_circuit_open", "1 while the circuit of an external system is open.", ["circuit"], is_open)
    waiting = (([name], deferred.get(name, 0)) for name in names)
    yield _gauge("conveyor_circuit_waiting", "Messages deferred because a circuit is open.", ["circuit"], waiting)


#: `auto_describe` would query the database at import.
registry = CollectorRegistry(auto_describe=False)
registry.register(LedgerCollector())
