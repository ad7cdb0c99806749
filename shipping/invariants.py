"""What must always be true of parcels?"""

from collections.abc import Iterator

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Left

from messaging.invariants import invariant
from messaging.models import Message
from orders.invariants import EXPLAINED_BY
from orders.models import NUMBER_LENGTH, Order, Status
from shipping.carriers import simulated_names
from shipping.models import STRANDED, CarrierParcel, Shipment, ShipmentStatus
from shipping.payloads import CancelParcel, CreateShipment

SHOWN = 50


def is_stranded() -> Q:
    """The parcel was lost or came back, and a person is to decide; the admin lists these."""
    return Q(Exists(Shipment.objects.filter(current_for=OuterRef("pk"), status__in=STRANDED)), status=Status.SHIPPED)


EXPLAINED_BY.append(is_stranded)


@invariant("every paid order has a shipment, or a message that makes it")
def paid_is_shipped() -> Iterator[str]:
    """The shipment that counts. A message that a rejected address has left dead explains its order, too."""
    without = Order.objects.filter(shipment=None)
    for order in without.filter(~_coming(CreateShipment, "number"), status=Status.PAID).order_by("pk")[:SHOWN]:
        yield f"Order {order.number} is paid, but has no shipment, and no live or dead message will make it."
    for order in without.filter(status__in=(Status.SHIPPED, Status.DELIVERED)).order_by("pk")[:SHOWN]:
        yield f"Order {order.number} is {order.status}, but has no shipment."


@invariant("a shipment that does not count any more has come to its end")
def one_parcel_travels() -> Iterator[str]:
    """Otherwise two parcels travel for one order."""
    replaced = Shipment.objects.filter(current_for=None).exclude(status__in=(*STRANDED, ShipmentStatus.CANCELLED))
    for shipment in replaced.select_related("order").order_by("shipped_at")[:SHOWN]:
        yield f"Shipment {shipment.tracking_number} of {shipment.order.number} is {shipment.status}, but was replaced."


@invariant("parcels agree with the carrier's record")
def parcels_agree() -> Iterator[str]:
    parcels = CarrierParcel.objects.filter(tracking_number=OuterRef("tracking_number"), carrier=OuterRef("carrier"))
    for shipment in Shipment.objects.filter(~Exists(parcels), carrier__in=simulated_names())[:SHOWN]:
        yield f"Shipment {shipment.tracking_number} is not known to the carrier."
    travelling = _booked_at_carriers().filter(cancelled_at=None)
    wanted = Shipment.objects.filter(tracking_number=OuterRef("tracking_number"), carrier=OuterRef("carrier"))
    unwanted = travelling.filter(~Exists(wanted.exclude(status=ShipmentStatus.CANCELLED)))
    explained = (_coming(CreateShipment, "number"), _coming(CancelParcel, "number"))
    for parcel in unwanted.exclude(explained[0]).exclude(explained[1]).order_by("pk")[:SHOWN]:
        yield f"The carrier's parcel {parcel.tracking_number} travels, but no shipment wants it."


@invariant("no parcel is booked twice")
def booked_once() -> Iterator[str]:
    """Each carrier's unique key forbids it, unless one order's parcel was booked with two carriers."""
    keys = CarrierParcel.objects.filter(cancelled_at=None).order_by().values_list("idempotency_key")
    for key, count in keys.annotate(count=Count("pk")).filter(count__gt=1)[:SHOWN]:
        yield f"{count} parcels travel under the key {key}."


def _booked_at_carriers() -> QuerySet[CarrierParcel]:
    """Each with the number of its order, with which every key begins."""
    return CarrierParcel.objects.annotate(number=Left(F("idempotency_key"), NUMBER_LENGTH))


def _coming(payload: type[CreateShipment] | type[CancelParcel], number: str) -> Exists:
    return Exists(Message.objects.unsettled().filter(task=payload.task, subject=OuterRef(number)))
