"""What can be asked about shipments?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.utils.translation import gettext as _

from orders.models import Order, OrderLine
from orders.values import Address
from shipping.carriers import AddressRejected, Consignment, EventCode, UnknownCarrier, carrier
from shipping.choice import choose
from shipping.models import MOVING, CarrierParcel, ParcelEvent, Shipment
from shipping.windows import Window, window

__all__ = ["Window"]


@dataclass(frozen=True, slots=True)
class Sending:
    """What the carriers are asked for on behalf of an order, and under which idempotency key."""

    order: Order
    consignment: Consignment
    key: str

    @property
    def is_booked(self) -> bool:
        return hasattr(self.order, "shipment")


def sending_of(*, order_id: int) -> Sending:
    """In one statement. Raises `Order.DoesNotExist`."""
    pieces = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order").annotate(n=Sum("quantity"))
    earlier = Shipment.objects.filter(order=OuterRef("pk"), current_for=None).order_by().values("order")
    order: Any = (
        Order.objects.select_related("shipment")
        .annotate(pieces=Subquery(pieces.values("n")))
        .annotate(earlier=Subquery(earlier.annotate(n=Count("pk")).values("n")))
        .get(pk=order_id)
    )
    return Sending(
        order=order,
        consignment=consignment_of(order, pieces=order.pieces or 1),
        key=booking_key(number=order.number, earlier=order.earlier or 0),
    )


def booking_key(*, number: str, earlier: int) -> str:
    """The idempotency key of an order's next parcel: its number, and from the second parcel on that one's place."""
    return f"{number}-{earlier + 1}" if earlier else number


def consignment_of(order: Order, *, pieces: int = 1) -> Consignment:
    return Consignment(name=order.name, address=address_of(order), shipping_method=order.shipping_method, pieces=pieces)


def address_of(order: Order) -> Address:
    return Address(line1=order.line1, city=order.city, postcode=order.postcode, country=order.country)


def shipment_to_track(*, order_id: int, shipment_id: UUID | None) -> Shipment | None:
    """The parcel that is followed, with its order; without `shipment_id` the one that counts for the order.

    One that is on its way counts, even if a worker of an older release has written it, which does not say so.
    """
    found = Shipment.objects.select_related("order")
    if shipment_id:
        return found.filter(pk=shipment_id).first()
    return found.filter(Q(current_for=order_id) | Q(order=order_id, status__in=MOVING)).first()


def shipment(*, shipment_id: UUID) -> Shipment:
    """With its order. Raises `Shipment.DoesNotExist`."""
    return Shipment.objects.select_related("order").get(pk=shipment_id)


def delivery_window(*, shipping_method: str, placed_at: datetime) -> Window:
    """When a parcel ordered at `placed_at` (aware) should arrive, wherever it goes: what the shop promises.

    Raises `KeyError` for an unknown method.
    """
    return window(days=settings.SHIPPING_WORKING_DAYS[shipping_method], ready_at=placed_at)


def window_of(*, order: Order, pieces: int, now: datetime) -> Window | None:
    """When the parcel of an order arrives that leaves now, by the carrier that would take it; None if nobody would."""
    try:
        quote = choose(consignment=consignment_of(order, pieces=pieces))
    except AddressRejected:
        return None
    return window(days=quote.days, ready_at=now)


def booked_window(*, shipment: Shipment) -> Window:
    """When a booked parcel arrives, as its carrier has promised."""
    if shipment.due_from and shipment.due_until:
        return Window(shipment.due_from, shipment.due_until)
    return delivery_window(shipping_method=shipment.order.shipping_method, placed_at=shipment.shipped_at)


def tracking_url(*, shipment: Shipment) -> str:
    """The carrier's own page about a parcel; nothing where it has none, or is not set up any more."""
    try:
        teller = carrier(shipment.carrier)
    except UnknownCarrier:
        return ""
    return teller.tracking_url(tracking_number=shipment.tracking_number)


def event_text(event: ParcelEvent) -> str:
    """In the language of who reads it, with the place where it is known; else in the carrier's own words."""
    told = {
        EventCode.ACCEPTED: _("The carrier has taken the parcel"),
        EventCode.IN_TRANSIT: _("On its way"),
        EventCode.DELAYED: _("Late"),
        EventCode.DELIVERED: _("Delivered"),
        EventCode.LOST: _("Lost"),
        EventCode.RETURNED: _("Came back to the shop"),
    }.get(event.code, event.text or event.code)  # type: ignore[call-overload]
    return f"{told}, {event.place}" if event.place else str(told)


def events_of(*, shipment_id: UUID) -> list[ParcelEvent]:
    """What the carrier told of a parcel, oldest first."""
    return list(ParcelEvent.objects.filter(shipment_id=shipment_id).order_by("at", "id"))


def history_of(*, order_id: int) -> list[Shipment]:
    """All parcels of an order with their events, oldest first, in two statements."""
    return list(Shipment.objects.filter(order_id=order_id).order_by("shipped_at").prefetch_related("events"))


def parcels_at_carriers(*, order_number: str) -> list[CarrierParcel]:
    """What the simulated carriers' own records say of an order's parcels, oldest first."""
    return list(CarrierParcel.objects.filter(idempotency_key__startswith=order_number).order_by("booked_at", "pk"))
