"""Invariants of shipments and parcels, checked by the audit."""

from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Left
from django.db.models.lookups import IsNull

from messaging.invariants import Feed, Scope, invariant
from messaging.models import Message
from orders.invariants import ORDERS, RESTING_CONDITIONS
from orders.models import NUMBER_LENGTH, Hold, Order, Status
from shipping.carriers import simulated_names
from shipping.models import STRANDED, CarrierParcel, Shipment, ShipmentStatus
from shipping.payloads import CancelParcel, CreateShipment

MAX_REPORTED = 50
CARRIER_PARCELS = Scope("carrier parcels", CarrierParcel.objects.all(), (Feed(CarrierParcel.objects.all()),))


def is_stranded() -> Q:
    """The parcel was lost or returned and an operator has to decide. The admin has a filter for these."""
    return Q(Exists(Shipment.objects.filter(current_for=OuterRef("pk"), status__in=STRANDED)), status=Status.SHIPPED)


def is_on_hold() -> Q:
    """Paid, but its money is going back or may have to: the end of that books its parcel, or cancels it."""
    return Q(status=Status.PAID) & ~Q(hold=Hold.NONE)


RESTING_CONDITIONS += [is_stranded, is_on_hold]


@invariant("every paid order has a shipment, or a message that will create it", over=ORDERS)
def paid_orders_are_shipped(orders: QuerySet[Order]) -> Iterator[str]:
    """Only the current shipment counts. A message that is dead because of a rejected address counts, too."""
    without = orders.filter(shipment=None)
    waiting = without.filter(~_has_message(CreateShipment), ~is_on_hold(), status=Status.PAID)
    for order in waiting.order_by("pk")[:MAX_REPORTED]:
        yield f"Order {order.number} is paid, but has no shipment, and no live or dead message will create it."
    for order in without.filter(status__in=(Status.SHIPPED, Status.DELIVERED)).order_by("pk")[:MAX_REPORTED]:
        yield f"Order {order.number} is {order.status}, but has no shipment."


@invariant("a replaced shipment is no longer on its way", over=ORDERS)
def one_parcel_is_on_its_way(orders: QuerySet[Order]) -> Iterator[str]:
    """Otherwise the customer may receive two parcels."""
    replaced = Shipment.objects.filter(order__in=orders, current_for=None).exclude(
        status__in=(*STRANDED, ShipmentStatus.CANCELLED)
    )
    for shipment in replaced.select_related("order").order_by("shipped_at")[:MAX_REPORTED]:
        yield f"Shipment {shipment.tracking_number} of {shipment.order.number} is {shipment.status}, but was replaced."


@invariant("parcels agree with the carrier's record", over=ORDERS)
def parcels_agree(orders: QuerySet[Order]) -> Iterator[str]:
    parcels = CarrierParcel.objects.filter(tracking_number=OuterRef("tracking_number"), carrier=OuterRef("carrier"))
    shipments = Shipment.objects.filter(order__in=orders, carrier__in=simulated_names())
    for shipment in shipments.filter(~Exists(parcels))[:MAX_REPORTED]:
        yield f"Shipment {shipment.tracking_number} is unknown to its carrier."


@invariant("the carrier's parcels have a shipment", over=CARRIER_PARCELS)
def parcels_have_a_shipment(parcels: QuerySet[CarrierParcel]) -> Iterator[str]:
    """Every idempotency key begins with the order's number."""
    outgoing = parcels.filter(cancelled_at=None, is_return=False)
    active = outgoing.annotate(number=Left(F("idempotency_key"), NUMBER_LENGTH))
    shipments = Shipment.objects.filter(tracking_number=OuterRef("tracking_number"), carrier=OuterRef("carrier"))
    orphaned = active.filter(~Exists(shipments.exclude(status=ShipmentStatus.CANCELLED)))
    unexplained = orphaned.exclude(_has_message(CreateShipment)).exclude(_has_message(CancelParcel))
    for parcel in unexplained.order_by("pk")[:MAX_REPORTED]:
        yield f"The carrier's parcel {parcel.tracking_number} is on its way, but has no active shipment."


@invariant("no parcel is booked twice", over=CARRIER_PARCELS)
def booked_once(parcels: QuerySet[CarrierParcel]) -> Iterator[str]:
    """Each carrier's unique key prevents it, unless one parcel was booked with two carriers."""
    active = CarrierParcel.objects.filter(cancelled_at=None)
    others = active.filter(idempotency_key=OuterRef("idempotency_key")).exclude(pk=OuterRef("pk"))
    for parcel in parcels.filter(Exists(others), cancelled_at=None).order_by("pk")[:MAX_REPORTED]:
        yield f"Parcel {parcel.tracking_number} is not the only one booked under the key {parcel.idempotency_key}."


def _has_message(payload: type[CreateShipment] | type[CancelParcel]) -> IsNull:
    return Message.objects.unsettled().exist_about("number", task=payload.task)
