"""Is a dead booking or look at a parcel skipped exactly when our own record says that it is done?"""

import uuid

import pytest

from messaging.hooks import already_done
from shipping.models import Shipment, ShipmentStatus
from shipping.payloads import CompareParcel, CreateShipment, TrackShipment
from tests.factories import place

pytestmark = pytest.mark.django_db


def told_of(payload) -> str | None:
    id_ = uuid.uuid4()
    return already_done.done_already({payload.task: {id_: payload}}).get(id_)


def test_a_booking_is_done_once_there_is_a_parcel():
    order = place()
    assert told_of(CreateShipment(order_id=order.pk)) is None
    Shipment.objects.create(order=order, current_for=order, carrier="c", tracking_number="TN-1")
    assert told_of(CreateShipment(order_id=order.pk)) == "parcel TN-1 is booked"


def test_tracking_is_done_once_the_parcel_is_not_on_its_way_any_more():
    order = place()
    assert told_of(TrackShipment(order_id=order.pk)) is None
    shipment = Shipment.objects.create(order=order, current_for=order, carrier="c", tracking_number="TN-2")
    assert told_of(TrackShipment(order_id=order.pk)) is None
    assert told_of(CompareParcel(shipment_id=shipment.pk)) is None
    Shipment.objects.update(status=ShipmentStatus.DELIVERED)
    assert told_of(TrackShipment(order_id=order.pk)) == "the parcel is delivered"
    assert told_of(CompareParcel(shipment_id=shipment.pk)) == "the parcel is delivered"
