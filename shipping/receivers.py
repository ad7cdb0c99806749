"""What does shipping do when something happened to an order?"""

from typing import Any

from messaging.hooks.signal_map import enqueues
from orders import signals
from orders.models import Order
from shipping import services
from shipping.payloads import CreateShipment, TrackShipment


def connect() -> None:
    signals.order_paid.connect(ship, dispatch_uid="shipping.order_paid")
    signals.order_sent_again.connect(ship, dispatch_uid="shipping.order_sent_again")
    signals.order_shipped.connect(track, dispatch_uid="shipping.order_shipped")
    signals.order_anonymised.connect(forget, dispatch_uid="shipping.order_anonymised")


@enqueues(CreateShipment)
def ship(*, order: Order, **kwargs: Any) -> None:
    services.request_shipment(order=order)


@enqueues(TrackShipment)
def track(*, order: Order, **kwargs: Any) -> None:
    services.request_tracking(order=order)


def forget(*, order: Order, **kwargs: Any) -> None:
    services.forget_address(order=order)
