"""Payloads of the desk's periodic tasks."""

from datetime import datetime

from messaging.payloads import Payload


class PurgeExpired(Payload, task="operations.purge_expired", routing_key="maintenance.purge"):
    """Delete expired discarded messages, bulk retries and counts for charts."""


class RaiseAlerts(Payload, task="operations.raise_alerts", routing_key="maintenance.alert"):
    """Raise and clear alerts."""


class SendAlert(Payload, task="operations.send_alert", routing_key="maintenance.alert"):
    """Send the e-mail of one alert."""

    alert_id: int


class CountThroughput(
    Payload,
    task="operations.count_throughput",
    routing_key="maintenance.count",
    version=2,
    lifts={1: lambda data: data},
):
    """Count what finished in each queue, for the charts of the queues page: after `since`, or after the last run."""

    since: datetime | None = None
