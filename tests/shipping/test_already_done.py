"""Dead shipping messages count as done exactly if the shop's own record says so."""

import uuid

import pytest

from messaging.hooks import already_done
from shipping.models import Shipment, ShipmentStatus
from shipping.payloads import CompareParcel, CreateShipment, TrackShipment
from tests.factories import place

pytestmark = pytest.mark.django_db


def reason(payload) -> str | None:
    id_ = uuid.uuid4()
    return already_done.done_already({payload.task: {id_: payload}}).get(id_)


def test_a_booking_is_done_once_there_is_a_shipment():
    order = place()
    assert reason(CreateShipment(order_id=order.pk)) is None
    Shipment.objects.create(order=order, current_for=order, carrier="c", tracking_number="TN-1")
    assert reason(CreateShipment(order_id=order.pk)) == "parcel TN-1 is booked"


def test_tracking_is_done_once_the_parcel_is_no_longer_on_its_way():
    order = place()
    assert reason(TrackShipment(order_id=order.pk)) is None
    shipment = Shipment.objects.create(order=order, current_for=order, carrier="c", tracking_number="TN-2")
    assert reason(TrackShipment(order_id=order.pk)) is None
    assert reason(CompareParcel(shipment_id=shipment.pk)) is None
    Shipment.objects.update(status=ShipmentStatus.DELIVERED)
    assert reason(TrackShipment(order_id=order.pk)) == "the parcel is delivered"
    assert reason(CompareParcel(shipment_id=shipment.pk)) == "the parcel is delivered"
