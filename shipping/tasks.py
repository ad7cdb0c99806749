"""What is done for shipping in the background?"""

from messaging.worker.task import ReliableTask, reliable_task
from orders.models import Status
from shipping import selectors, services
from shipping.carriers import AddressRejected, Booking, CarrierUnavailable, carrier, carriers
from shipping.choice import choose
from shipping.models import MOVING
from shipping.payloads import CancelParcel, CompareParcel, CreateShipment, TrackShipment
from shipping.selectors import Sending


@reliable_task(CreateShipment, autoretry_for=(CarrierUnavailable,), throws=(AddressRejected,))
def create_shipment(self: ReliableTask, payload: CreateShipment) -> None:
    """A rejected address is an answer, and no reason to try again: the error leaves the message dead, for a person."""
    sending = selectors.sending_of(order_id=payload.order_id)
    booking = _ask_carriers(sending, is_first_try=not self.may_overlap)
    with self.complete():
        if booking is not None:
            services.record_booking(sending=sending, booking=booking)
        elif self.may_overlap:
            services.look_again(sending=sending)


@reliable_task(TrackShipment, autoretry_for=(CarrierUnavailable,))
def track_shipment(self: ReliableTask, payload: TrackShipment) -> None:
    shipment = selectors.shipment_to_track(order_id=payload.order_id, shipment_id=payload.shipment_id)
    if shipment is None or shipment.status not in MOVING:
        with self.complete():
            return
    tracking = carrier(shipment.carrier).track(tracking_number=shipment.tracking_number)
    with self.complete():
        if services.record_tracking(shipment=shipment, tracking=tracking):
            services.follow(shipment=shipment)


@reliable_task(CompareParcel, autoretry_for=(CarrierUnavailable,))
def compare_parcel(self: ReliableTask, payload: CompareParcel) -> None:
    """The webhook's word is only a reason to look: what the carrier's record says counts."""
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


def _ask_carriers(sending: Sending, *, is_first_try: bool) -> Booking | None:
    """Book for what is paid, unless an earlier try did so without its reply reaching us.

    That is asked of all carriers before each further try, since another one may be the cheapest by now. It finds the
    parcel of an order that was cancelled meanwhile, too, which is to be stopped.
    """
    if sending.is_booked:
        return None
    is_wanted = sending.order.status == Status.PAID
    if not (is_wanted and is_first_try):
        for each in carriers():
            if booking := each.fetch(idempotency_key=sending.key):
                return booking
    if not is_wanted:
        return None
    quote = choose(consignment=sending.consignment)
    return carrier(quote.carrier).book(idempotency_key=sending.key, consignment=sending.consignment)
