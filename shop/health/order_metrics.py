"""Orders from checkout to the carrier: counted where they are placed and shipped, and those that are overdue.

A histogram alone would show nothing while no order is shipped at all, hence the gauge of overdue orders. Together they
give each order of a window one verdict: shipped in time, shipped late, or overdue.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from messaging.models.backlog import COUNTED
from messaging.telemetry.store import counter, harmless, histogram
from orders import signals
from orders.models import Hold, Order, Source, Status
from orders.timeline import SENT_AGAIN

#: Seconds within which an order is to be shipped; a border of the buckets.
SHIPPING_SECONDS: Final = 60
#: The windows of the alerts on the objective, by name.
WINDOWS: Final = {
    "5m": timedelta(minutes=5), "30m": timedelta(minutes=30), "1h": timedelta(hours=1), "6h": timedelta(hours=6),
    "3d": timedelta(days=3),
}  # fmt: skip
_BUCKETS: Final = (0.25, 0.5, 1, 2.5, 5, 10, 30, SHIPPING_SECONDS, 120, 300, 1800, 7200, 86_400)
_OVERDUE: Final = (
    "Orders of the last 5m, 30m, 1h, 6h, 3d that are neither shipped nor cancelled, declined or on hold after a minute;"
    " imports are left out."
)
PLACED = counter("conveyor_orders_placed", "Orders placed, imports included.", ["source"])
SHIPPING = histogram(
    "conveyor_order_shipping_seconds",
    "From the placing of an order to the booking of its parcel. A parcel that is sent again is left out.",
    ["source"],
    buckets=_BUCKETS,
)


def connect() -> None:
    """Count in this process from now on."""
    signals.order_placed.connect(count_placed, dispatch_uid="shop.health.order_placed")
    signals.order_shipped.connect(count_shipped, dispatch_uid="shop.health.order_shipped")
    prepare()


def count_placed(*, order: Order, **details: Any) -> None:
    transaction.on_commit(partial(_count_placed, order.source), robust=True)


def count_shipped(*, order: Order, **details: Any) -> None:
    seconds = (timezone.now() - order.placed_at).total_seconds()
    if seconds > SHIPPING_SECONDS and order.events.filter(kind=SENT_AGAIN).exists():
        return  # only for a late parcel is that worth a statement
    transaction.on_commit(partial(_observe_shipped, order.source, seconds), robust=True)


@harmless
def _count_placed(source: str) -> None:
    PLACED.labels(source).inc()


@harmless
def _observe_shipped(source: str, seconds: float) -> None:
    SHIPPING.labels(source).observe(max(0.0, seconds))


@harmless
def prepare() -> None:
    """Start at zero: the first order is an increase then, too."""
    for source in Source.values:
        PLACED.labels(source)
        SHIPPING.labels(source)


def overdue() -> Iterator[Metric]:
    """Counted to `COUNTED` of each status, the newest first."""
    counts = dict.fromkeys(WINDOWS, 0)
    now = timezone.now()
    since, until = now - max(WINDOWS.values()), now - timedelta(seconds=SHIPPING_SECONDS)
    due = Order.objects.filter(placed_at__gte=since, placed_at__lt=until, hold=Hold.NONE).exclude(source=Source.IMPORT)
    for status in (Status.PLACED, Status.PAID):
        newest = due.filter(status=status).order_by("-placed_at").values("placed_at")[:COUNTED]
        by_window = {
            f"in_{name}": Count("placed_at", filter=Q(placed_at__gte=now - window)) for name, window in WINDOWS.items()
        }
        found = newest.aggregate(**by_window)
        counts = {name: count + found[f"in_{name}"] for name, count in counts.items()}
    gauge = GaugeMetricFamily("conveyor_orders_overdue", _OVERDUE, labels=["within"])
    for name, count in counts.items():
        gauge.add_metric([name], count)
    yield gauge
