"""Signal receivers of shipping: book, track, and erase addresses."""

from collections.abc import Sequence
from typing import Any

from messaging.hooks.signal_map import enqueues
from orders import signals
from orders.models import Order
from shipping import services
from shipping.payloads import CreateShipment, TrackShipment


def connect() -> None:
    signals.order_paid.connect(request_shipment, dispatch_uid="shipping.order_paid")
    signals.order_sent_again.connect(request_shipment, dispatch_uid="shipping.order_sent_again")
    signals.order_hold_lifted.connect(resume_shipment, dispatch_uid="shipping.order_hold_lifted")
    signals.order_shipped.connect(schedule_tracking, dispatch_uid="shipping.order_shipped")
    signals.orders_anonymised.connect(erase_addresses, dispatch_uid="shipping.orders_anonymised")


@enqueues(CreateShipment)
def request_shipment(*, order: Order, **kwargs: Any) -> None:
    services.request_shipment(order=order)


@enqueues(CreateShipment)
def resume_shipment(*, order: Order, **kwargs: Any) -> None:
    services.resume_shipment(order=order)


@enqueues(TrackShipment)
def schedule_tracking(*, order: Order, **kwargs: Any) -> None:
    services.schedule_tracking(order=order)


def erase_addresses(*, orders: Sequence[Order], **kwargs: Any) -> None:
    services.erase_addresses(orders=orders)
