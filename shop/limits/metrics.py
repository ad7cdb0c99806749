"""Prometheus gauge that shows whether limits hold."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shop.limits.counters import cache_answers


class LimitsCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        text = "1 while the cache of the limits answers; without it, nothing is limited."
        yield GaugeMetricFamily("conveyor_limits_cache_up", text, value=int(cache_answers()))
