"""Found parcels: one that was lost or returned is tracked again, unless an operator has decided about its order."""

import uuid

import pytest
from django.utils import timezone

from messaging.models import Message
from orders.models import Order, Status
from orders.services.operators import Trusted
from orders.timeline import describe
from payments.services import refund_order
from shipping.carriers import CarrierEvent, EventCode, ParcelState, Tracking, TrackingEvent
from shipping.delivery_problems import reship
from shipping.models import CarrierParcel, Shipment, ShipmentStatus
from shipping.selectors import with_order
from shipping.services import record_event, record_tracking
from shop.office.parcels.services import restock_returned_parcel
from tests.auditing import broken
from tests.delivery import deliver_all, deliver_due
from tests.factories import client_with
from tests.payments.disputes.disputing import disputed
from tests.shipping.orders import TRACK, status
from tests.shipping.stranded import OLGA, delivered_or_stranded, stock

pytestmark = pytest.mark.django_db(transaction=True)


def found(shipment: Shipment, *, city: str = "Bern") -> None:
    """The carrier reports that it has the parcel again; the city decides what happens to it next."""
    CarrierParcel.objects.filter(tracking_number=shipment.tracking_number).update(city=city)
    event = TrackingEvent(id=f"found-{uuid.uuid4()}", at=timezone.now(), code=EventCode.IN_TRANSIT)
    record_event(carrier=shipment.carrier, event=CarrierEvent(shipment.tracking_number, event))
    deliver_due()


def kinds(order: Order) -> list[str]:
    return list(order.events.filter(kind__startswith="parcel_").values_list("kind", flat=True))


@pytest.mark.parametrize("city", ["Lostville", "Returnham"])
def test_a_found_parcel_arrives(city: str, settings):
    settings.CONVEYOR_TRANSIT_SECONDS = 0
    order, shipment = delivered_or_stranded(city)
    found(shipment)
    assert status(order) == Status.DELIVERED
    assert Shipment.objects.get().status == ShipmentStatus.DELIVERED
    assert broken() == {}


def test_a_found_parcel_that_is_on_its_way_is_tracked_again(settings):
    order, shipment = delivered_or_stranded("Lostville")
    settings.CONVEYOR_TRANSIT_SECONDS = 3600
    found(shipment)
    assert Shipment.objects.get().status == ShipmentStatus.IN_TRANSIT
    assert Message.objects.filter(task=TRACK).live().count() == 1
    assert kinds(order) == ["parcel_lost", "parcel_found"]
    deliver_all()
    assert status(order) == Status.DELIVERED
    assert broken() == {}


def test_a_lost_parcel_that_comes_back_is_returned_and_a_returned_one_cannot_be_lost(settings):
    settings.CONVEYOR_TRANSIT_SECONDS = 0
    order, shipment = delivered_or_stranded("Lostville")
    found(shipment, city="Returnham")
    assert Shipment.objects.get().status == ShipmentStatus.RETURNED
    found(shipment, city="Lostville")
    assert Shipment.objects.get().status == ShipmentStatus.RETURNED
    assert status(order) == Status.SHIPPED
    assert broken() == {}


def test_a_parcel_found_after_its_replacement_is_shown_and_moves_nothing(settings):
    settings.CONVEYOR_TRANSIT_SECONDS = 0
    order, first = delivered_or_stranded("Lostville")
    reship(shipment=first, goods_are_back=False, by=OLGA)
    found(first)
    found(first)
    first.refresh_from_db()
    assert (first.status, first.current_for) == (ShipmentStatus.LOST, None)
    assert first.found_at is not None
    assert kinds(order).count("parcel_found_late") == 1
    assert broken() == {}
    client = client_with("view_order", "view_shipment")
    assert "Found after replacement" in client.get(f"/admin/orders/order/{order.pk}/parcels/").text
    assert first.tracking_number in client.get("/admin/shipping/shipment/?needs_attention=found").text


def test_a_parcel_found_after_a_refund_moves_nothing(settings):
    settings.CONVEYOR_TRANSIT_SECONDS = 0
    order, shipment = delivered_or_stranded("Lostville")
    refund_order(order=order, amount=order.total, request_id=uuid.uuid4(), by=Trusted("olga"))
    found(shipment)
    assert Shipment.objects.get().status == ShipmentStatus.LOST
    assert Shipment.objects.get().found_at is not None
    assert status(order) == Status.REFUNDED
    assert broken() == {}


def test_a_parcel_found_after_it_was_restocked_moves_nothing(settings):
    settings.CONVEYOR_TRANSIT_SECONDS = 0
    order, shipment = delivered_or_stranded("Returnham")
    restock_returned_parcel(order=order, by=OLGA)
    found(shipment)
    assert Shipment.objects.get().status == ShipmentStatus.RETURNED
    assert Shipment.objects.get().found_at is not None
    assert stock() == 100
    assert broken() == {}


def test_a_dispute_does_not_keep_a_found_parcel_from_arriving(settings):
    settings.CONVEYOR_TRANSIT_SECONDS = 0
    order, shipment = delivered_or_stranded("Lostville")
    disputed(order)
    found(shipment)
    assert status(order) == Status.DELIVERED


def test_an_answer_from_before_the_loss_finds_nothing():
    order, _shipment = delivered_or_stranded("Lostville")
    before = with_order().get()
    before.status = ShipmentStatus.IN_TRANSIT
    record_tracking(shipment=before, tracking=Tracking(ParcelState.DELAYED, ()))
    assert Shipment.objects.get().status == ShipmentStatus.LOST
    assert kinds(order) == ["parcel_lost"]


def test_the_timeline_says_that_a_parcel_was_found(settings):
    order, shipment = delivered_or_stranded("Lostville")
    settings.CONVEYOR_TRANSIT_SECONDS = 3600
    found(shipment)
    assert "The carrier has found the parcel. It is on its way again" in [describe(e) for e in order.events.all()]
