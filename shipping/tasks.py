"""Background tasks for shipping: book, track and cancel parcels."""

from messaging.worker.task import ReliableTask, reliable_task
from orders.models import Status
from shipping import selectors, services
from shipping.carrier_selection import choose_quote
from shipping.carriers import AddressRejected, Booking, CarrierUnavailable, carrier, carriers
from shipping.models import MOVING
from shipping.payloads import CancelParcel, CompareParcel, CreateShipment, TrackShipment
from shipping.selectors import BookingRequest


@reliable_task(CreateShipment, autoretry_for=(CarrierUnavailable,), throws=(AddressRejected,))
def create_shipment(self: ReliableTask, payload: CreateShipment) -> None:
    """A rejected address makes the message dead at once: retrying would not help, an operator must act."""
    booking_request = selectors.booking_request_for(order_id=payload.order_id)
    booking = _book_once(booking_request, is_first_attempt=not (self.may_overlap or payload.may_be_booked))
    with self.complete():
        if booking is not None:
            services.record_booking(booking_request=booking_request, booking=booking)
        else:
            services.record_no_booking(booking_request=booking_request, may_overlap=self.may_overlap)


@reliable_task(TrackShipment, autoretry_for=(CarrierUnavailable,))
def track_shipment(self: ReliableTask, payload: TrackShipment) -> None:
    shipment = selectors.shipment_to_track(order_id=payload.order_id, shipment_id=payload.shipment_id)
    if shipment is None or shipment.status not in MOVING:
        with self.complete():
            return
    tracking = carrier(shipment.carrier).track(tracking_number=shipment.tracking_number)
    with self.complete():
        if services.record_tracking(shipment=shipment, tracking=tracking):
            services.track_again(shipment=shipment)


@reliable_task(CompareParcel, autoretry_for=(CarrierUnavailable,))
def compare_parcel(self: ReliableTask, payload: CompareParcel) -> None:
    """A webhook event only triggers a comparison: the carrier's own record decides."""
    shipment = selectors.shipment(shipment_id=payload.shipment_id)
    tracking = carrier(shipment.carrier).track(tracking_number=shipment.tracking_number)
    with self.complete():
        services.record_tracking(shipment=shipment, tracking=tracking)


@reliable_task(CancelParcel, autoretry_for=(CarrierUnavailable,))
def cancel_parcel(self: ReliableTask, payload: CancelParcel) -> None:
    shipment = selectors.shipment(shipment_id=payload.shipment_id)
    carrier(shipment.carrier).cancel(tracking_number=shipment.tracking_number)
    with self.complete():
        pass


def _book_once(booking_request: BookingRequest, *, is_first_attempt: bool) -> Booking | None:
    """Book a parcel for a paid order, unless an earlier attempt did and its reply was lost.

    Every attempt but the first asks all carriers for such a booking, since another one may be the cheapest by now. This
    also finds the parcel of an order that was cancelled or put on hold meanwhile, to be cancelled, too.
    """
    if booking_request.is_booked:
        return None
    may_book = booking_request.order.status == Status.PAID and not booking_request.order.hold
    if not (may_book and is_first_attempt):
        for each in carriers():
            if booking := each.fetch(idempotency_key=booking_request.key):
                return booking
    if not may_book:
        return None
    quote = choose_quote(consignment=booking_request.consignment)
    return carrier(quote.carrier).book(idempotency_key=booking_request.key, consignment=booking_request.consignment)
