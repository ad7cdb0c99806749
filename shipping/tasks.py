"""What is done for shipping in the background?"""

from messaging.worker import ReliableTask, reliable_task
from orders.models import Order, Status
from shipping import selectors, services
from shipping.carriers import Booking, CarrierUnavailable, carrier
from shipping.models import ShipmentStatus
from shipping.payloads import CancelParcel, CreateShipment, TrackShipment


@reliable_task(CreateShipment, autoretry_for=(CarrierUnavailable,))
def create_shipment(self: ReliableTask, payload: CreateShipment) -> None:
    order = selectors.order_to_ship(order_id=payload.order_id)
    booking = _ask_carrier(order)
    with self.complete():
        if booking is not None:
            services.record_booking(order=order, carrier=carrier().name, booking=booking)
        elif self.may_overlap:
            services.look_again(order=order)


@reliable_task(TrackShipment, autoretry_for=(CarrierUnavailable,))
def track_shipment(self: ReliableTask, payload: TrackShipment) -> None:
    shipment = selectors.shipment_of(order_id=payload.order_id)
    if shipment is None or shipment.status != ShipmentStatus.IN_TRANSIT:
        with self.complete():
            return
    tracking = carrier().track(tracking_number=shipment.tracking_number)
    with self.complete():
        if tracking.delivered_at is None:
            services.request_tracking(order=shipment.order)
        else:
            services.record_delivery(shipment=shipment, delivered_at=tracking.delivered_at)


@reliable_task(CancelParcel, autoretry_for=(CarrierUnavailable,))
def cancel_parcel(self: ReliableTask, payload: CancelParcel) -> None:
    shipment = selectors.shipment(shipment_id=payload.shipment_id)
    carrier().cancel(tracking_number=shipment.tracking_number)
    with self.complete():
        pass


def _ask_carrier(order: Order) -> Booking | None:
    """Book for what is paid. For an order that was cancelled meanwhile, an earlier try may have booked a parcel
    without its reply reaching us; that parcel is found here, to be stopped."""
    if hasattr(order, "shipment"):
        return None
    address, key = selectors.address_of(order), order.number
    if order.status == Status.PAID:
        return carrier().book(idempotency_key=key, address=address)
    return carrier().fetch(idempotency_key=key, address=address)
