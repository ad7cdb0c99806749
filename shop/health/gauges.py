"""What does Prometheus learn of the queues? The ledger, counted by its partial indexes at each scrape.

Only what the database knows is told, so that each of several web processes gives the same answer. Messages that are
done are not counted: their number only grows, and so would the time to count them.
"""

from collections.abc import Iterator

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from messaging import pauses
from messaging.circuit_desk import circuit_rows
from messaging.models import Message, State
from messaging.topology import topology

COUNTED = (State.PENDING, State.SENT, State.DEAD)


class Ledger(Collector):
    def describe(self) -> Iterator[Metric]:
        """Empty: the registry would otherwise ask the database while the module is imported."""
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
            "conveyor_circuit_open", "1 while an outside system is held to be down.", labels=["circuit"]
        )
        deferred = GaugeMetricFamily(
            "conveyor_circuit_waiting", "Messages that wait for an outside system to answer again.", labels=["circuit"]
        )
        for row in circuit_rows():
            is_open.add_metric([row.name], row.is_open)
            deferred.add_metric([row.name], row.waiting)
        yield is_open
        yield deferred

    def _oldest_due(self, paused: frozenset[str]) -> Metric:
        """Of paused queues nothing is to be sent, so that they do not look like a relay that is down."""
        gauge = GaugeMetricFamily(
            "conveyor_oldest_due_seconds",
            "For how long the oldest due message of a queue that is not paused has waited to be sent.",
        )
        now = timezone.now()
        due = Message.objects.due(now=now).exclude(queue__in=paused)
        oldest = due.aggregate(oldest=Min("available_at"))["oldest"]
        gauge.add_metric([], (now - oldest).total_seconds() if oldest else 0)
        return gauge


registry = CollectorRegistry(auto_describe=False)
registry.register(Ledger())
