"""How does a parcel come to be, travel, and end? All writes to shipments go through here and `shipping.repairs`.

Rows are locked in one order everywhere: first the shipment, then its order.
"""

from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from messaging.outbox import enqueue
from messaging.topology import Priority
from orders.errors import IllegalTransition
from orders.models import Order, Status
from orders.selectors import priority
from orders.services import mark_delivered, mark_shipped, note_parcel
from shipping.carriers import Booking, Heard, ParcelState, Tracking, TrackingEvent
from shipping.choice import quote_of
from shipping.models import MOVING, ParcelEvent, Shipment, ShipmentPaper, ShipmentStatus
from shipping.payloads import CancelParcel, CompareParcel, CreateShipment, TrackShipment
from shipping.selectors import Sending
from shipping.windows import window

MIN_SECONDS_BETWEEN_LOOKS = 1.0


@transaction.atomic(savepoint=False)
def request_shipment(*, order: Order) -> None:
    enqueue(CreateShipment(order_id=order.pk), priority=priority(order), subject=order.number)


@transaction.atomic(savepoint=False)
def record_booking(*, sending: Sending, booking: Booking) -> Shipment:
    """The parcel is booked, so the order is shipped. If it was cancelled meanwhile, the parcel is stopped."""
    order, shipment = sending.order, _write(sending, booking)
    try:
        mark_shipped(order=order, carrier=booking.carrier, tracking_number=booking.tracking_number)
    except IllegalTransition:
        Shipment.objects.filter(pk=shipment.pk).update(status=ShipmentStatus.CANCELLED)
        enqueue(CancelParcel(shipment_id=shipment.id), priority=priority(order), subject=order.number)
    return shipment


@transaction.atomic(savepoint=False)
def look_again(*, sending: Sending) -> None:
    """Ask once more for the parcel of a cancelled order when no other delivery can still be at work on it.

    Until then one that was cut off may book a parcel, and find its message settled; that parcel must be stopped, too.
    """
    order = sending.order
    if order.status in (Status.CANCELLED, Status.REFUNDED) and not sending.is_booked:
        delay = 2 * settings.CONVEYOR_TASK_TIME_LIMIT
        enqueue(CreateShipment(order_id=order.pk), priority=Priority.LOW, subject=order.number, delay=delay)


@transaction.atomic(savepoint=False)
def request_tracking(*, order: Order) -> None:
    """Look at the order's parcel after the usual time between two looks."""
    parcel: Shipment | None = getattr(order, "shipment", None)
    _look_later(order, parcel)


@transaction.atomic(savepoint=False)
def record_tracking(*, shipment: Shipment, tracking: Tracking) -> bool:
    """Keep what the carrier tells, and bring parcel and order in line. Whether the parcel is still on its way.

    A parcel that has come to its end stays there, whatever is told of it later. An order that was refunded on the way
    stays refunded.
    """
    if shipment.current_for_id is None and shipment.status in MOVING:  # written by a worker of an older release
        Shipment.objects.filter(pk=shipment.pk).update(current_for=shipment.order_id)
    _keep(shipment, tracking.events)
    if tracking.state == shipment.status or not _move(shipment, tracking):
        return tracking.state.is_moving
    match tracking.state:
        case ParcelState.DELIVERED:
            _deliver(shipment.order)
        case ParcelState.LOST | ParcelState.RETURNED | ParcelState.DELAYED:
            note_parcel(order=shipment.order, state=tracking.state)
    return tracking.state.is_moving


@transaction.atomic(savepoint=False)
def follow(*, shipment: Shipment) -> None:
    """Look at this parcel again later."""
    _look_later(shipment.order, shipment)


@transaction.atomic(savepoint=False)
def hear(*, carrier: str, heard: Heard) -> bool:
    """Keep what a carrier told of its own accord, and send for a look at the parcel.

    False: it was told before, or the parcel is not known here, as while its booking is still being written: then
    tracking finds it later.
    """
    parcels = Shipment.objects.filter(carrier=carrier, tracking_number=heard.tracking_number)
    shipment = parcels.select_related("order").first()
    if shipment is None:
        return False
    event = _row(shipment, heard.event)
    told = {field: getattr(event, field) for field in ("shipment", "code", "at", "place", "text")}
    _kept, is_new = ParcelEvent.objects.get_or_create(carrier=carrier, event_id=event.event_id, defaults=told)
    if is_new and shipment.status in MOVING:
        order = shipment.order
        enqueue(CompareParcel(shipment_id=shipment.pk), priority=priority(order), subject=order.number)
    return is_new


def forget_address(*, order: Order) -> None:
    """Keep the parcels, without the papers and places that say where they went."""
    ShipmentPaper.objects.filter(shipment__order=order).delete()
    ParcelEvent.objects.filter(shipment__order=order).update(place="", text="")
    Shipment.objects.filter(order=order).exclude(label="").update(label="")


def _write(sending: Sending, booking: Booking) -> Shipment:
    order, now = sending.order, timezone.now()
    quote = quote_of(name=booking.carrier, consignment=sending.consignment)
    due = window(days=quote.days, ready_at=now) if quote else None
    shipment = Shipment.objects.create(
        order=order,
        current_for=order,
        carrier=booking.carrier,
        tracking_number=booking.tracking_number,
        cost=quote.price if quote else None,
        currency=quote.currency if quote else "",
        due_from=due.earliest if due else None,
        due_until=due.latest if due else None,
        shipped_at=now,
    )
    if booking.label:
        ShipmentPaper.objects.create(shipment=shipment, kind=ShipmentPaper.Kind.LABEL, pdf=booking.label)
    return shipment


def _look_later(order: Order, shipment: Shipment | None) -> None:
    delay = max(settings.CONVEYOR_TRACK_SECONDS, MIN_SECONDS_BETWEEN_LOOKS)
    payload = TrackShipment(order_id=order.pk, shipment_id=shipment.pk if shipment else None)
    enqueue(payload, priority=priority(order), subject=order.number, delay=delay)


def _keep(shipment: Shipment, events: Iterable[TrackingEvent]) -> None:
    """The unique key decides, since webhook and tracking may tell the same at once."""
    ParcelEvent.objects.bulk_create((_row(shipment, event) for event in events), ignore_conflicts=True)


def _row(shipment: Shipment, event: TrackingEvent) -> ParcelEvent:
    return ParcelEvent(
        shipment=shipment,
        carrier=shipment.carrier,
        event_id=event.id[:100],
        code=event.code,
        at=event.at,
        place=event.place[:100],
        text=event.text[:200],
    )


def _move(shipment: Shipment, tracking: Tracking) -> bool:
    changes: dict[str, object] = {"status": tracking.state}
    if tracking.state == ParcelState.DELIVERED:
        changes["delivered_at"] = tracking.events[-1].at if tracking.events else timezone.now()
    moved = Shipment.objects.filter(pk=shipment.pk, status__in=MOVING).exclude(status=tracking.state).update(**changes)
    return bool(moved)


def _deliver(order: Order) -> None:
    try:
        mark_delivered(order=order)
    except IllegalTransition as refusal:
        if refusal.present != Status.REFUNDED:
            raise
