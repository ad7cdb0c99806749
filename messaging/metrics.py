"""Prometheus gauges of the ledger, counted by its partial indexes at each scrape.

Only the database is asked, so that every web process gives the same answer. Finished messages are not counted: their
number only grows, and so would the time to count them.
"""

from collections.abc import Iterator

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from messaging import circuit_breaker, pauses
from messaging.models import Circuit, Message, State
from messaging.topology import topology

COUNTED = (State.PENDING, State.SENT, State.DEAD)


class Ledger(Collector):
    def describe(self) -> Iterator[Metric]:
        """Empty, so that the registry does not query the database at import."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        paused = pauses.paused()
        yield self._messages()
        yield self._paused(paused)
        yield self._oldest_due(paused)
        yield from self._circuits()

    def _messages(self) -> Metric:
        gauge = GaugeMetricFamily(
            "conveyor_messages", "Messages in the ledger that are not finished.", labels=["queue", "state"]
        )
        for state in COUNTED:
            found = Message.objects.filter(state=state).values_list("queue").annotate(Count("pk")).order_by()
            counts = dict.fromkeys(topology().queues, 0) | dict(found)
            for queue, count in counts.items():
                gauge.add_metric([queue, state.value], count)
        return gauge

    def _paused(self, paused: frozenset[str]) -> Metric:
        gauge = GaugeMetricFamily(
            "conveyor_queue_paused", "1 while an operator has paused the queue.", labels=["queue"]
        )
        for queue in topology().queues:
            gauge.add_metric([queue], queue in paused)
        return gauge

    def _circuits(self) -> Iterator[Metric]:
        is_open = GaugeMetricFamily(
            "conveyor_circuit_open", "1 while the circuit of an outside system is open.", labels=["circuit"]
        )
        deferred = GaugeMetricFamily(
            "conveyor_circuit_waiting",
            "Messages deferred because a circuit is open.",
            labels=["circuit"],
        )
        waiting = circuit_breaker.deferred_by_circuit()
        opened = set(Circuit.objects.filter(opened_at__isnull=False).values_list("pk", flat=True))
        for name in sorted(circuit_breaker.labels().keys() | opened | waiting.keys()):
            is_open.add_metric([name], name in opened)
            deferred.add_metric([name], waiting.get(name, 0))
        yield is_open
        yield deferred

    def _oldest_due(self, paused: frozenset[str]) -> Metric:
        """Paused queues are excluded: they would look like a relay that is down."""
        gauge = GaugeMetricFamily(
            "conveyor_oldest_due_seconds",
            "Age of the oldest due message that is not sent yet, paused queues excluded.",
        )
        now = timezone.now()
        due = Message.objects.due(now=now).exclude(queue__in=paused)
        oldest = due.aggregate(oldest=Min("available_at"))["oldest"]
        gauge.add_metric([], (now - oldest).total_seconds() if oldest else 0)
        return gauge


registry = CollectorRegistry(auto_describe=False)
registry.register(Ledger())
