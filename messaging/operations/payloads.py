"""Payloads of the desk's periodic tasks."""

from messaging.payloads import Payload


class PurgeExpired(Payload, task="operations.purge_expired", routing_key="maintenance.purge"):
    """Delete expired discarded messages, bulk retries and hourly trends."""


class RaiseAlerts(Payload, task="operations.raise_alerts", routing_key="maintenance.alert"):
    """Raise and clear alerts."""


class SendAlert(Payload, task="operations.send_alert", routing_key="maintenance.alert"):
    """Send the e-mail of one alert."""

    alert_id: int


class CountThroughput(Payload, task="operations.count_throughput", routing_key="maintenance.count"):
    """Count what finished in each queue since the last run, for the charts of the queues page."""
