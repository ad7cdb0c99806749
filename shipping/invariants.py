"""Invariants of shipments and parcels, checked by the audit."""

from collections.abc import Iterator

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Left

from messaging.invariants import invariant
from messaging.models import Message
from orders.invariants import RESTING_CONDITIONS
from orders.models import NUMBER_LENGTH, Order, Status
from shipping.carriers import simulated_names
from shipping.models import STRANDED, CarrierParcel, Shipment, ShipmentStatus
from shipping.payloads import CancelParcel, CreateShipment

MAX_REPORTED = 50


def is_stranded() -> Q:
    """The parcel was lost or returned and an operator has to decide. The admin has a filter for these."""
    return Q(Exists(Shipment.objects.filter(current_for=OuterRef("pk"), status__in=STRANDED)), status=Status.SHIPPED)


RESTING_CONDITIONS.append(is_stranded)


@invariant("every paid order has a shipment, or a message that will create it")
def paid_orders_are_shipped() -> Iterator[str]:
    """Only the current shipment counts. A message that is dead because of a rejected address counts, too."""
    without = Order.objects.filter(shipment=None)
    for order in without.filter(~_has_message(CreateShipment, "number"), status=Status.PAID).order_by("pk")[
        :MAX_REPORTED
    ]:
        yield f"Order {order.number} is paid, but has no shipment, and no live or dead message will create it."
    for order in without.filter(status__in=(Status.SHIPPED, Status.DELIVERED)).order_by("pk")[:MAX_REPORTED]:
        yield f"Order {order.number} is {order.status}, but has no shipment."


@invariant("a replaced shipment is no longer on its way")
def one_parcel_is_on_its_way() -> Iterator[str]:
    """Otherwise the customer may receive two parcels."""
    replaced = Shipment.objects.filter(current_for=None).exclude(status__in=(*STRANDED, ShipmentStatus.CANCELLED))
    for shipment in replaced.select_related("order").order_by("shipped_at")[:MAX_REPORTED]:
        yield f"Shipment {shipment.tracking_number} of {shipment.order.number} is {shipment.status}, but was replaced."


@invariant("parcels agree with the carrier's record")
def parcels_agree() -> Iterator[str]:
    parcels = CarrierParcel.objects.filter(tracking_number=OuterRef("tracking_number"), carrier=OuterRef("carrier"))
    for shipment in Shipment.objects.filter(~Exists(parcels), carrier__in=simulated_names())[:MAX_REPORTED]:
        yield f"Shipment {shipment.tracking_number} is unknown to its carrier."
    active = _carrier_parcels().filter(cancelled_at=None)
    shipments = Shipment.objects.filter(tracking_number=OuterRef("tracking_number"), carrier=OuterRef("carrier"))
    orphaned = active.filter(~Exists(shipments.exclude(status=ShipmentStatus.CANCELLED)))
    explained = (_has_message(CreateShipment, "number"), _has_message(CancelParcel, "number"))
    for parcel in orphaned.exclude(explained[0]).exclude(explained[1]).order_by("pk")[:MAX_REPORTED]:
        yield f"The carrier's parcel {parcel.tracking_number} is on its way, but has no active shipment."


@invariant("no parcel is booked twice")
def booked_once() -> Iterator[str]:
    """Each carrier's unique key prevents it, unless one parcel was booked with two carriers."""
    keys = CarrierParcel.objects.filter(cancelled_at=None).order_by().values_list("idempotency_key")
    for key, count in keys.annotate(count=Count("pk")).filter(count__gt=1)[:MAX_REPORTED]:
        yield f"{count} parcels are booked under the key {key}."


def _carrier_parcels() -> QuerySet[CarrierParcel]:
    """Carrier parcels, each with its order's number: every key begins with it."""
    return CarrierParcel.objects.annotate(number=Left(F("idempotency_key"), NUMBER_LENGTH))


def _has_message(payload: type[CreateShipment] | type[CancelParcel], number: str) -> Exists:
    return Exists(Message.objects.unsettled().filter(task=payload.task, subject=OuterRef(number)))
