"""What does shipping do when something happened to an order?"""

from typing import Any

from orders import signals
from orders.models import Order
from shipping import services


def connect() -> None:
    signals.order_paid.connect(ship, dispatch_uid="shipping.order_paid")
    signals.order_shipped.connect(track, dispatch_uid="shipping.order_shipped")


def ship(*, order: Order, **kwargs: Any) -> None:
    services.request_shipment(order=order)


def track(*, order: Order, **kwargs: Any) -> None:
    services.request_tracking(order=order)
