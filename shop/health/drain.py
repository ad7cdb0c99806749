"""Prometheus gauge of the drain forecast, by which workers are scaled. Needs the counts of `messaging.operations`."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from messaging.operations.dashboard.queue_status import drain_forecast

_TEXT = "Seconds in which the queue's waiting and in-flight messages are processed at the present rate."


def drain() -> Iterator[Metric]:
    """No sample while a queue is paused or nothing has finished lately: a scaler then keeps what runs."""
    gauge = GaugeMetricFamily("conveyor_drain_seconds", _TEXT, labels=["queue"])
    for queue, seconds in drain_forecast().items():
        if seconds is not None:
            gauge.add_metric([queue], seconds)
    yield gauge
