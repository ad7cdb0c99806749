"""Celery's `beat_schedule`: entries of the engine, the desk, the shop and the extensions; seconds."""

from typing import Any

from config.parts import own_apps
from messaging.broker.settings import SCHEDULE as MESSAGING
from messaging.operations.schedule import SCHEDULE as OPERATIONS

SHOP: dict[str, dict[str, Any]] = {
    "reconcile payments with the gateway": {"task": "payments.reconcile", "schedule": 900.0},
    "find disputes": {"task": "payments.find_disputes", "schedule": 900.0},
    "acknowledge orders that wait for their payment": {"task": "orders.acknowledge_orders", "schedule": 30.0},
    "expire reservations": {"task": "orders.expire_reservations", "schedule": 60.0},
    "follow returns": {"task": "shop.follow_returns", "schedule": 3600.0},
    "purge expired sign-ins": {"task": "shop.purge_expired", "schedule": 3600.0},
}


def beat_schedule() -> dict[str, dict[str, Any]]:
    return {**MESSAGING, **OPERATIONS, **SHOP, **own_apps.schedule()}
