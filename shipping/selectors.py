"""Reads of shipments: booking requests, delivery windows, tracking history."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from messaging.hooks.next_steps import recorded_name
from messaging.models import Message, MessageQuerySet
from orders.compiled import Compiled
from orders.models import Order, Status
from shipping.carrier_selection import choose_quote
from shipping.carriers import AddressRejected, Consignment, EventCode, UnknownCarrier, carrier
from shipping.delivery_windows import DeliveryWindow, delivery_window
from shipping.models import MOST_EVENTS, MOVING, CarrierParcel, ParcelEvent, Shipment
from shipping.payloads import CreateShipment

MOST_PARCELS = 50
_WITH_ORDER: Final = Compiled(lambda pk: with_order().filter(pk=pk))
_CURRENT: Final = Compiled(lambda order: with_order().filter(Q(current_for=order) | Q(order=order, status__in=MOVING)))
_BOOKING: Final = """
    SELECT orders_order.*,
        (SELECT SUM(quantity) FROM orders_orderline WHERE order_id = orders_order.id) AS pieces,
        (SELECT COUNT(*) FROM shipping_shipment
            WHERE order_id = orders_order.id AND current_for_id IS NULL) AS earlier_parcels,
        EXISTS (SELECT 1 FROM shipping_shipment WHERE current_for_id = orders_order.id) AS has_parcel
    FROM orders_order WHERE id = %s"""


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """The next parcel of an order, as requested from carriers, with its idempotency key."""

    order: Order
    consignment: Consignment
    key: str
    is_booked: bool


def booking_request_for(*, order_id: int) -> BookingRequest:
    """One statement; three by the ORM took five times the CPU (bench/checkout.py). Raises `Order.DoesNotExist`."""
    found: list[Any] = list(Order.objects.raw(_BOOKING, [order_id]))
    if not found:
        raise Order.DoesNotExist("Order matching query does not exist.")
    [order] = found
    return BookingRequest(
        order=order,
        consignment=consignment_of(order, pieces=order.pieces or 1),
        key=booking_key(number=order.number, earlier=order.earlier_parcels),
        is_booked=bool(order.has_parcel),
    )


def booking_key(*, number: str, earlier: int) -> str:
    """The idempotency key of an order's next parcel: its number, with a suffix from the second parcel on."""
    return f"{number}-{earlier + 1}" if earlier else number


def orders_with_correctable_address() -> QuerySet[Order]:
    """Paid orders whose parcel is not booked yet."""
    return Order.objects.filter(status=Status.PAID, shipment=None)


def booking_messages(*, order: Order) -> MessageQuerySet:
    return Message.objects.filter(task=CreateShipment.task, subject=order.number)


def is_address_rejected(*, order: Order) -> bool:
    """Whether the carrier has rejected the address of a booking that is dead."""
    return booking_messages(order=order).dead().filter(error_type=recorded_name(AddressRejected)).exists()


def consignment_of(order: Order, *, pieces: int = 1) -> Consignment:
    return Consignment(name=order.name, address=order.address, shipping_method=order.shipping_method, pieces=pieces)


def undelivered_parcels() -> list[Shipment]:
    """Parcels about whose orders an operator must decide, with these orders, oldest first; at most `MOST_PARCELS`."""
    parcels = Shipment.objects.needing_attention().select_related("order")
    return list(parcels.order_by("shipped_at", "id")[:MOST_PARCELS])


def with_order() -> QuerySet[Shipment]:
    """Shipments as `services.record_tracking` takes them: with their order, and the number of their events."""
    of_parcel = ParcelEvent.objects.filter(shipment=OuterRef("pk")).order_by().values("shipment")
    counts = {"event_count": Coalesce(Subquery(of_parcel.annotate(stored=Count("pk")).values("stored")), 0)}
    return Shipment.objects.select_related("order").annotate(**counts)


def locked_with_order() -> QuerySet[Shipment]:
    """`with_order`, locked in the caller's transaction: first the shipment, then its order."""
    return with_order().select_for_update(of=("self", "order"), no_key=True)


def shipment_to_track(*, order_id: int, shipment_id: UUID | None) -> Shipment | None:
    """The parcel to track, with its order; without `shipment_id`, the order's current one.

    A parcel on its way is current even without `current_for`, which older releases do not write.
    """
    found = _WITH_ORDER.all(pk=shipment_id) if shipment_id else _CURRENT.all(order=order_id)
    return found[0] if found else None


def shipment(*, shipment_id: UUID) -> Shipment:
    """The shipment with its order. Raises `Shipment.DoesNotExist`."""
    return _WITH_ORDER.get(pk=shipment_id)


def promised_window(*, shipping_method: str, placed_at: datetime) -> DeliveryWindow:
    """The shop's promise for an order placed at `placed_at` (aware), whatever its address.

    Raises `KeyError` for an unknown method.
    """
    return delivery_window(days=settings.SHIPPING_WORKING_DAYS[shipping_method], ready_at=placed_at)


def expected_window(*, order: Order, pieces: int, now: datetime) -> DeliveryWindow | None:
    """The window of a parcel that is ready now, by the carrier that would be chosen; None if no carrier accepts it."""
    try:
        quote = choose_quote(consignment=consignment_of(order, pieces=pieces))
    except AddressRejected:
        return None
    return delivery_window(days=quote.days, ready_at=now)


def booked_window(*, shipment: Shipment) -> DeliveryWindow:
    """The carrier's promise for a booked parcel; the shop's if the carrier gave none."""
    if shipment.due_from and shipment.due_until:
        return DeliveryWindow(shipment.due_from, shipment.due_until)
    return promised_window(shipping_method=shipment.order.shipping_method, placed_at=shipment.shipped_at)


def tracking_url(*, shipment: Shipment) -> str:
    """The carrier's tracking page for a parcel; empty if there is none, or the carrier is no longer configured."""
    try:
        booked_with = carrier(shipment.carrier)
    except UnknownCarrier:
        return ""
    return booked_with.tracking_url(tracking_number=shipment.tracking_number)


def event_text(event: ParcelEvent) -> str:
    """A description in the current language, with the place if known. Unknown codes use the carrier's own text."""
    text = {
        EventCode.ACCEPTED: _("Accepted by the carrier"),
        EventCode.IN_TRANSIT: _("On its way"),
        EventCode.DELAYED: _("Delayed"),
        EventCode.DELIVERED: _("Delivered"),
        EventCode.LOST: _("Lost"),
        EventCode.RETURNED: _("Returned to the shop"),
    }.get(event.code, event.text or event.code)  # type: ignore[call-overload]
    return f"{text}, {event.place}" if event.place else str(text)


def events_of(*, shipment_id: UUID) -> list[ParcelEvent]:
    """A parcel's events, oldest first; at most `MOST_EVENTS`."""
    return list(ParcelEvent.objects.filter(shipment_id=shipment_id).order_by("at", "id")[:MOST_EVENTS])


def history_of(*, order_id: int) -> list[Shipment]:
    """All parcels of an order with their events, oldest first. Two queries."""
    return list(Shipment.objects.filter(order_id=order_id).order_by("shipped_at").prefetch_related("events"))


def parcels_at_carriers(*, order_number: str) -> list[CarrierParcel]:
    """An order's first `MOST_PARCELS` parcels in the simulated carriers' own records, oldest first.

    By their exact keys: the index serves a prefix only in some collations of PostgreSQL.
    """
    keys = [booking_key(number=order_number, earlier=earlier) for earlier in range(MOST_PARCELS)]
    return list(CarrierParcel.objects.filter(idempotency_key__in=keys).order_by("booked_at", "pk"))
