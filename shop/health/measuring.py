"""Connects what counts: messages, requests and orders."""

from messaging.telemetry import messages
from shop.health import order_metrics, request_metrics


def connect() -> None:
    """Count in this process from now on."""
    messages.connect()
    order_metrics.connect()
    request_metrics.prepare()
