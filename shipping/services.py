"""Shipping services: every write to shipments goes through here or `shipping.delivery_problems`.

Rows are locked in one order everywhere: first the shipment, then its order.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from messaging.outbox import enqueue
from messaging.recording import storable
from messaging.topology import Priority
from orders.compiled import Compiled
from orders.models import Order, Status
from orders.selectors import priority
from orders.services import mark_delivered, mark_shipped, record_parcel_state
from orders.transitions import IllegalTransition, OnHold, lock_order
from shipping import found_parcels
from shipping.carrier_selection import quote_of
from shipping.carriers import Booking, CarrierEvent, ParcelState, Tracking, TrackingEvent
from shipping.delivery_windows import delivery_window
from shipping.models import MOST_EVENTS, MOVING, STRANDED, ParcelEvent, Shipment, ShipmentDocument, ShipmentStatus
from shipping.payloads import CancelParcel, CompareParcel, CreateShipment, TrackShipment
from shipping.selectors import BookingRequest, booking_messages, locked_with_order

MIN_TRACKING_INTERVAL = 1.0
#: How far from now a carrier's time may be. One beyond it is the carrier's mistake, which no page could show: in
#: another time zone, a moment of the year 9999 does not exist.
_EARLIEST, _LATEST = timedelta(days=-3650), timedelta(days=1)
_ENDED = (Status.CANCELLED, Status.REFUNDED, Status.SHIPPED, Status.DELIVERED)


@transaction.atomic(savepoint=False)
def request_shipment(*, order: Order) -> None:
    enqueue(CreateShipment(order_id=order.pk), priority=priority(order), subject=order.number)


@transaction.atomic(savepoint=False)
def record_booking(*, booking_request: BookingRequest, booking: Booking) -> Shipment:
    """Create the shipment and mark the order shipped. If it may not be shipped any more, cancel the parcel.

    Unless the order has ended, that parcel makes room for another one, which is booked under its own key: a hold is
    lifted, and an order that lost its authorisation may be paid again.
    """
    order, shipment = booking_request.order, _create_shipment(booking_request, booking)
    try:
        mark_shipped(order=order, carrier=booking.carrier, tracking_number=booking.tracking_number)
    except OnHold:
        _cancel(shipment, current_for=None)
    except IllegalTransition as refusal:
        _cancel(shipment, **({} if refusal.present in _ENDED else {"current_for": None}))
    return shipment


@transaction.atomic(savepoint=False)
def record_no_booking(*, booking_request: BookingRequest, may_overlap: bool) -> None:
    """Follow up on a parcel that was not booked, because the order is on hold, cancelled, or no longer paid.

    If another delivery may still be working on it (`may_overlap`), look once more when none can: one that was cut off
    may still book a parcel and find its message settled. That parcel has to be cancelled, too. If the hold was lifted
    while this message was live, another one takes its place.
    """
    order = booking_request.order
    if booking_request.is_booked:
        return
    if may_overlap and (order.hold or order.status not in (Status.PAID, Status.SHIPPED, Status.DELIVERED)):
        delay = 2 * settings.CONVEYOR_TASK_TIME_LIMIT
        payload = CreateShipment(order_id=order.pk, may_be_booked=True)
        enqueue(payload, priority=Priority.LOW, subject=order.number, delay=delay)
    elif order.hold:
        resume_shipment(order=lock_order(order_id=order.pk))


@transaction.atomic(savepoint=False)
def resume_shipment(*, order: Order) -> None:
    """Book the parcel of a paid order that was on hold, unless a message will. The caller holds the order's lock."""
    if order.status != Status.PAID or order.hold or Shipment.objects.filter(current_for=order).exists():
        return
    if not booking_messages(order=order).unsettled().exists():
        payload = CreateShipment(order_id=order.pk, may_be_booked=True)
        enqueue(payload, priority=priority(order), subject=order.number)


@transaction.atomic(savepoint=False)
def schedule_tracking(*, order: Order) -> None:
    """Track the order's current parcel after the usual interval."""
    shipment: Shipment | None = getattr(order, "shipment", None)
    _schedule_tracking(order, shipment)


@transaction.atomic(savepoint=False)
def record_tracking(*, shipment: Shipment, tracking: Tracking) -> bool:
    """Store tracking events and update parcel and order. Returns whether the parcel is still on its way.

    `shipment` is as `selectors.with_order` read it before its carrier was asked. A parcel that was lost or returned may
    be found; one that was delivered or cancelled stays so. An order that was refunded meanwhile stays refunded.
    """
    if shipment.current_for_id is None and shipment.status in MOVING:  # written by a worker of an older release
        Shipment.objects.filter(pk=shipment.pk).update(current_for=shipment.order_id)
    _store_events(shipment, tracking.events)
    is_found = found_parcels.is_found(shipment=shipment, state=tracking.state)
    if is_found and found_parcels.is_decided(shipment=shipment):
        found_parcels.record_late(shipment=shipment)
        return False
    sources = [shipment.status] if is_found else MOVING
    if tracking.state == shipment.status or not _change_status(shipment, tracking, sources):
        return tracking.state.is_moving
    if is_found and tracking.state.is_moving:
        record_parcel_state(order=shipment.order, state="found")
        _schedule_tracking(shipment.order, shipment)
    match tracking.state:
        case ParcelState.DELIVERED:
            _deliver(shipment.order)
        case ParcelState.LOST | ParcelState.RETURNED | ParcelState.DELAYED:
            record_parcel_state(order=shipment.order, state=tracking.state)
    return tracking.state.is_moving


@transaction.atomic(savepoint=False)
def track_again(*, shipment: Shipment) -> None:
    """Track this parcel again after the usual interval."""
    _schedule_tracking(shipment.order, shipment)


@transaction.atomic(savepoint=False)
def record_event(*, carrier: str, event: CarrierEvent) -> bool:
    """Store a carrier's webhook event and enqueue a comparison with the carrier's record.

    False: the event is already stored, the parcel is unknown, or it has `MOST_EVENTS`. If its booking is still being
    recorded, tracking finds the event later.
    """
    found = locked_with_order().filter(carrier=carrier, tracking_number=event.tracking_number)
    shipment = found.first()  # locked: an erasure of its order waits, or is seen
    if shipment is None or shipment.event_count >= MOST_EVENTS:
        return False
    row = _row(shipment, event.event)
    defaults = {field: getattr(row, field) for field in ("shipment", "code", "at", "place", "text")}
    _stored, is_new = ParcelEvent.objects.get_or_create(carrier=carrier, event_id=row.event_id, defaults=defaults)
    if is_new and shipment.status in (*MOVING, *STRANDED):
        order = shipment.order
        enqueue(CompareParcel(shipment_id=shipment.pk), priority=priority(order), subject=order.number)
    return is_new


def mark_restocked(*, shipment: Shipment) -> None:
    """Record that the contents of a returned parcel are in stock again. The caller holds the parcel's lock."""
    Shipment.objects.filter(pk=shipment.pk).update(restocked_at=timezone.now())


def erase_addresses(*, orders: Sequence[Order]) -> None:
    """Delete the documents and places that reveal where the orders' parcels went. The shipments stay."""
    ShipmentDocument.objects.filter(shipment__order__in=orders).delete()
    ParcelEvent.objects.filter(shipment__order__in=orders).update(place="", text="")


def _cancel(shipment: Shipment, **changes: None) -> None:
    Shipment.objects.filter(pk=shipment.pk).update(status=ShipmentStatus.CANCELLED, **changes)
    order = shipment.order
    enqueue(CancelParcel(shipment_id=shipment.id), priority=priority(order), subject=order.number)


def _create_shipment(booking_request: BookingRequest, booking: Booking) -> Shipment:
    order, now = booking_request.order, timezone.now()
    quote = quote_of(name=booking.carrier, consignment=booking_request.consignment)
    due = delivery_window(days=quote.days, ready_at=now) if quote else None
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
        ShipmentDocument.objects.create(shipment=shipment, kind=ShipmentDocument.Kind.LABEL, pdf=booking.label)
    return shipment


def _schedule_tracking(order: Order, shipment: Shipment | None) -> None:
    delay = max(settings.CONVEYOR_TRACK_SECONDS, MIN_TRACKING_INTERVAL)
    payload = TrackShipment(order_id=order.pk, shipment_id=shipment.pk if shipment else None)
    enqueue(payload, priority=priority(order), subject=order.number, delay=delay)


def _store_events(shipment: Shipment, events: Sequence[TrackingEvent]) -> None:
    """The newest ones for which there is room.

    The unique key decides, because webhook and tracking may report the same event concurrently.
    """
    room = max(0, MOST_EVENTS - shipment.event_count)
    newest = events[max(0, len(events) - room) :]
    ParcelEvent.objects.bulk_create((_row(shipment, event) for event in newest), ignore_conflicts=True)


def _row(shipment: Shipment, event: TrackingEvent) -> ParcelEvent:
    """Without what reveals where the parcel went, once the address is erased."""
    is_erased = shipment.order.anonymised_at is not None
    return ParcelEvent(
        shipment=shipment,
        carrier=shipment.carrier,
        event_id=event.id[:100],
        code=event.code,
        at=_time_of(event),
        place="" if is_erased else storable.text(event.place[:100]),
        text="" if is_erased else storable.text(event.text[:200]),
    )


def _time_of(event: TrackingEvent) -> datetime:
    """The carrier's time of the event; now, if that cannot be right."""
    now = timezone.now()
    return event.at if _EARLIEST < event.at - now < _LATEST else now


def _change_status(shipment: Shipment, tracking: Tracking, sources: Iterable[str]) -> bool:
    changes: dict[str, object] = {"status": tracking.state}
    if tracking.state == ParcelState.DELIVERED:
        changes["delivered_at"] = _time_of(tracking.events[-1]) if tracking.events else timezone.now()
    return bool(_in(*sources).update(changes, pk=shipment.pk, state=str(tracking.state)))


@cache
def _in(*sources: str) -> Compiled[Shipment]:
    """The parcel `pk` if its status is one of `sources`, and not `state`."""
    return Compiled(lambda pk, state: Shipment.objects.filter(pk=pk, status__in=sources).exclude(status=state))


def _deliver(order: Order) -> None:
    try:
        mark_delivered(order=order)
    except IllegalTransition as refusal:
        if refusal.present != Status.REFUNDED:
            raise
