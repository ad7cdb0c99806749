"""How does a parcel come to be, and arrive? All writes to shipments go through here."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from messaging.ledger import enqueue
from messaging.topology import Priority
from orders.errors import IllegalTransition
from orders.models import Order, Status
from orders.selectors import priority
from orders.services import mark_delivered, mark_shipped
from shipping.carriers import Booking
from shipping.models import Shipment, ShipmentStatus
from shipping.payloads import CancelParcel, CreateShipment, TrackShipment

MIN_SECONDS_BETWEEN_LOOKS = 1.0


@transaction.atomic(savepoint=False)
def request_shipment(*, order: Order) -> None:
    enqueue(CreateShipment(order_id=order.pk), priority=priority(order), subject=order.number)


@transaction.atomic(savepoint=False)
def record_booking(*, order: Order, carrier: str, booking: Booking) -> Shipment:
    """The parcel is booked, so the order is shipped. If it was cancelled meanwhile, the parcel is stopped."""
    try:
        mark_shipped(order=order, carrier=carrier, tracking_number=booking.tracking_number)
    except IllegalTransition:
        shipment = _write(order, carrier, booking, ShipmentStatus.CANCELLED)
        enqueue(CancelParcel(shipment_id=shipment.id), priority=priority(order), subject=order.number)
        return shipment
    return _write(order, carrier, booking, ShipmentStatus.IN_TRANSIT)


@transaction.atomic(savepoint=False)
def look_again(*, order: Order) -> None:
    """Ask once more for the parcel of a cancelled order when no other delivery can still be at work on it.

    Until then one that was cut off may book a parcel, and find its message settled; that parcel must be stopped, too.
    """
    if order.status in (Status.CANCELLED, Status.REFUNDED) and not hasattr(order, "shipment"):
        delay = 2 * settings.CONVEYOR_TASK_TIME_LIMIT
        enqueue(CreateShipment(order_id=order.pk), priority=Priority.LOW, subject=order.number, delay=delay)


@transaction.atomic(savepoint=False)
def request_tracking(*, order: Order) -> None:
    """Look at the parcel after the usual time of transit."""
    delay = max(settings.CONVEYOR_TRANSIT_SECONDS, MIN_SECONDS_BETWEEN_LOOKS)
    enqueue(TrackShipment(order_id=order.pk), priority=priority(order), subject=order.number, delay=delay)


def forget_address(*, order: Order) -> None:
    """Keep the parcel, without the label that says where it went."""
    Shipment.objects.filter(order=order).update(label="")


@transaction.atomic(savepoint=False)
def record_delivery(*, shipment: Shipment, delivered_at: datetime) -> None:
    """The parcel has arrived. An order that was refunded on the way stays refunded."""
    try:
        mark_delivered(order=shipment.order)
    except IllegalTransition as refusal:
        if refusal.present != Status.REFUNDED:
            raise
    Shipment.objects.filter(pk=shipment.pk, status=ShipmentStatus.IN_TRANSIT).update(
        status=ShipmentStatus.DELIVERED, delivered_at=delivered_at
    )


def _write(order: Order, carrier: str, booking: Booking, status: ShipmentStatus) -> Shipment:
    return Shipment.objects.create(
        order=order,
        carrier=carrier,
        tracking_number=booking.tracking_number,
        label=f"{order.name}\n{booking.label}",
        status=status,
    )
