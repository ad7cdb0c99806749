"""Is a paid order without a parcel told of, and a parcel without an order?"""

import pytest

from messaging.models import Message, State
from orders.models import Order, Status
from shipping.carriers.simulated import Landpost, Swiftpost
from shipping.models import CarrierParcel, Shipment, ShipmentStatus
from shipping.selectors import consignment_of
from tests.auditing import broken
from tests.delivery import deliver, deliver_all, take
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
SHIPPED, PARCELS = (
    "every paid order has a shipment, or a message that makes it",
    "parcels agree with the carrier's record",
)
REPLACED, TWICE = "a shipment that does not count any more has come to its end", "no parcel is booked twice"


def shipped() -> Order:
    order = place()
    deliver(take(task="payments.charge_payment"))
    assert broken() == {}
    deliver(take(task="shipping.create_shipment"))
    assert broken() == {}
    return order


def test_a_paid_order_that_nobody_will_ship_is_told_of():
    order = place()
    deliver(take(task="payments.charge_payment"))
    Message.objects.filter(task="shipping.create_shipment").update(state=State.DEAD)
    assert SHIPPED not in broken()
    Message.objects.filter(task="shipping.create_shipment").update(state=State.DISCARDED)
    assert order.number in broken()[SHIPPED]


@pytest.mark.parametrize("status", [Status.SHIPPED, Status.DELIVERED])
def test_a_shipped_order_without_a_shipment_is_told_of(status: str):
    order = shipped()
    Order.objects.update(status=status)
    Shipment.objects.all().delete()
    assert order.number in broken()[SHIPPED]


def test_a_shipment_that_the_carrier_does_not_know_is_told_of():
    shipped()
    CarrierParcel.objects.all().delete()
    assert Shipment.objects.get().tracking_number in broken()[PARCELS]


def test_a_parcel_that_travels_for_a_cancelled_shipment_is_told_of():
    shipped()
    Shipment.objects.update(status=ShipmentStatus.CANCELLED)
    assert CarrierParcel.objects.get().tracking_number in broken()[PARCELS]
    CarrierParcel.objects.update(cancelled_at="2026-01-01T00:00:00Z")
    assert PARCELS not in broken()


def test_a_replaced_shipment_that_still_travels_is_told_of():
    order = shipped()
    Shipment.objects.update(current_for=None)
    assert Shipment.objects.get().tracking_number in broken()[REPLACED]
    Shipment.objects.update(status=ShipmentStatus.LOST)
    assert REPLACED not in broken()
    assert order.number in broken()[SHIPPED]


def test_a_parcel_that_two_carriers_took_is_told_of():
    order = shipped()
    Landpost().book(idempotency_key=order.number, consignment=consignment_of(order))
    assert order.number in broken()[TWICE]
    CarrierParcel.objects.filter(carrier="Landpost").update(cancelled_at="2026-01-01T00:00:00Z")
    assert broken() == {}


def test_a_stranded_parcel_explains_its_order_until_it_is_sent_again():
    order = place(city="Lostville")
    deliver_all()
    assert broken() == {}
    Shipment.objects.update(current_for=None)
    assert order.number in broken()[SHIPPED]


def test_a_parcel_that_no_shipment_wants_is_told_of_unless_its_message_is_under_way():
    order = place()
    deliver(take(task="payments.charge_payment"))
    Swiftpost().book(idempotency_key=order.number, consignment=consignment_of(order))
    assert broken() == {}
    Message.objects.filter(task="shipping.create_shipment").update(state=State.DISCARDED)
    assert CarrierParcel.objects.get().tracking_number in broken()[PARCELS]
