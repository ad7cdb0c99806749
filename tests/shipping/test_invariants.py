"""Invariants of shipments: paid orders without a parcel and parcels without an order are reported."""

import pytest

from messaging.models import Message, State
from orders.models import Order, Status
from shipping.carriers.simulated import Landpost, Swiftpost
from shipping.models import CarrierParcel, Shipment, ShipmentStatus
from shipping.selectors import consignment_of
from tests.auditing import broken
from tests.delivery import claim_task, deliver, deliver_all
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
SHIPPED, PARCELS = (
    "every paid order has a shipment, or a message that will create it",
    "parcels agree with the carrier's record",
)
ORPHANED = "the carrier's parcels have a shipment"
REPLACED, TWICE = "a replaced shipment is no longer on its way", "no parcel is booked twice"


def shipped() -> Order:
    order = place()
    deliver(claim_task(task="payments.charge_payment"))
    assert broken() == {}
    deliver(claim_task(task="shipping.create_shipment"))
    assert broken() == {}
    return order


def test_a_paid_order_without_a_booking_message_is_reported():
    order = place()
    deliver(claim_task(task="payments.charge_payment"))
    Message.objects.filter(task="shipping.create_shipment").update(state=State.DEAD)
    assert SHIPPED not in broken()
    Message.objects.filter(task="shipping.create_shipment").update(state=State.DISCARDED)
    assert order.number in broken()[SHIPPED]


@pytest.mark.parametrize("status", [Status.SHIPPED, Status.DELIVERED])
def test_a_shipped_order_without_a_shipment_is_reported(status: str):
    order = shipped()
    Order.objects.update(status=status)
    Shipment.objects.all().delete()
    assert order.number in broken()[SHIPPED]


def test_a_shipment_that_the_carrier_does_not_know_is_reported():
    shipped()
    CarrierParcel.objects.all().delete()
    assert Shipment.objects.get().tracking_number in broken()[PARCELS]


def test_a_parcel_on_its_way_for_a_cancelled_shipment_is_reported():
    shipped()
    Shipment.objects.update(status=ShipmentStatus.CANCELLED)
    assert CarrierParcel.objects.get().tracking_number in broken()[ORPHANED]
    CarrierParcel.objects.update(cancelled_at="2026-01-01T00:00:00Z")
    assert ORPHANED not in broken()


def test_a_replaced_shipment_that_is_on_its_way_is_reported():
    order = shipped()
    Shipment.objects.update(current_for=None)
    assert Shipment.objects.get().tracking_number in broken()[REPLACED]
    Shipment.objects.update(status=ShipmentStatus.LOST)
    assert REPLACED not in broken()
    assert order.number in broken()[SHIPPED]


def test_a_parcel_booked_with_two_carriers_is_reported():
    order = shipped()
    Landpost().book(idempotency_key=order.number, consignment=consignment_of(order))
    assert order.number in broken()[TWICE]
    CarrierParcel.objects.filter(carrier="Landpost").update(cancelled_at="2026-01-01T00:00:00Z")
    assert broken() == {}


def test_an_order_may_rest_while_its_parcel_is_stranded():
    order = place(city="Lostville")
    deliver_all()
    assert broken() == {}
    Shipment.objects.update(current_for=None)
    assert order.number in broken()[SHIPPED]


def test_an_orphaned_parcel_is_reported_unless_its_message_is_unsettled():
    order = place()
    deliver(claim_task(task="payments.charge_payment"))
    Swiftpost().book(idempotency_key=order.number, consignment=consignment_of(order))
    assert broken() == {}
    Message.objects.filter(task="shipping.create_shipment").update(state=State.DISCARDED)
    assert CarrierParcel.objects.get().tracking_number in broken()[ORPHANED]
