"""Signal receivers of shipping: book, track, and erase addresses."""

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
    signals.order_anonymised.connect(erase_address, dispatch_uid="shipping.order_anonymised")


@enqueues(CreateShipment)
def request_shipment(*, order: Order, **kwargs: Any) -> None:
    services.request_shipment(order=order)


@enqueues(CreateShipment)
def resume_shipment(*, order: Order, **kwargs: Any) -> None:
    services.resume_shipment(order=order)


@enqueues(TrackShipment)
def schedule_tracking(*, order: Order, **kwargs: Any) -> None:
    services.schedule_tracking(order=order)


def erase_address(*, order: Order, **kwargs: Any) -> None:
    services.erase_address(order=order)
