"""What must always be true of parcels?"""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from messaging.invariants import invariant
from messaging.models import Message
from orders.models import Order, Status
from shipping.models import CarrierParcel, Shipment, ShipmentStatus
from shipping.payloads import CancelParcel, CreateShipment

SHOWN = 50
UNDER_WAY = (ShipmentStatus.IN_TRANSIT, ShipmentStatus.DELIVERED)


@invariant("every paid order has a shipment, or a message that makes it")
def paid_is_shipped() -> Iterator[str]:
    without = Order.objects.filter(shipment=None)
    for order in without.filter(~_coming(CreateShipment, "number"), status=Status.PAID).order_by("pk")[:SHOWN]:
        yield f"Order {order.number} is paid, but has no shipment, and no live or dead message will make it."
    for order in without.filter(status__in=(Status.SHIPPED, Status.DELIVERED)).order_by("pk")[:SHOWN]:
        yield f"Order {order.number} is {order.status}, but has no shipment."


@invariant("parcels agree with the carrier's record")
def parcels_agree() -> Iterator[str]:
    parcels = CarrierParcel.objects.filter(tracking_number=OuterRef("tracking_number"))
    for shipment in Shipment.objects.filter(~Exists(parcels))[:SHOWN]:
        yield f"Shipment {shipment.tracking_number} is not known to the carrier."
    wanted = Shipment.objects.filter(tracking_number=OuterRef("tracking_number"), status__in=UNDER_WAY)
    travelling = CarrierParcel.objects.filter(~Exists(wanted), cancelled_at=None)
    explained = (_coming(CreateShipment, "idempotency_key"), _coming(CancelParcel, "idempotency_key"))
    for parcel in travelling.exclude(explained[0]).exclude(explained[1]).order_by("pk")[:SHOWN]:
        yield f"The carrier's parcel {parcel.tracking_number} travels, but no shipment wants it."


def _coming(payload: type[CreateShipment] | type[CancelParcel], number: str) -> Exists:
    return Exists(Message.objects.unsettled().filter(task=payload.task, subject=OuterRef(number)))
