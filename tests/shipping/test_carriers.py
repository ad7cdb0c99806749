"""Does the simulated carrier behave as the address says, and never book two parcels for one order?"""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.values import Address
from shipping.carriers import Booking, CarrierUnavailable, UnknownParcel, carrier
from shipping.models import CarrierParcel

pytestmark = pytest.mark.django_db(transaction=True)


def address(city: str = "Bern") -> Address:
    return Address(line1="Hauptstrasse 1", city=city, postcode="3011", country="CH")


def book(city: str = "Bern", key: str = "k1") -> Booking:
    return carrier().book(idempotency_key=key, address=address(city))


def test_a_parcel_is_booked_with_one_statement_and_its_label_shows_the_address():
    with CaptureQueriesContext(connection) as captured:
        booking = book()
    assert len(captured) == 1
    assert booking.tracking_number == CarrierParcel.objects.get(idempotency_key="k1").tracking_number
    for words in (booking.tracking_number, "Hauptstrasse 1", "3011 Bern", "CH"):
        assert words in booking.label


def test_the_same_key_gives_the_same_parcel():
    assert book() == book()
    assert book(key="k2") != book()
    assert CarrierParcel.objects.count() == 2


def test_in_flakytown_the_carrier_answers_at_the_third_try():
    for _ in range(2):
        with pytest.raises(CarrierUnavailable):
            book("Flakytown")
    assert book("Flakytown") == book("Flakytown")
    with pytest.raises(CarrierUnavailable):
        book("Flakytown", key="another order")


def test_nobody_delivers_to_nowhere():
    for _ in range(4):
        with pytest.raises(CarrierUnavailable):
            book("Nowhere")
    assert not CarrierParcel.objects.exists()


def test_a_parcel_can_be_looked_up_by_its_key():
    assert carrier().fetch(idempotency_key="k1", address=address()) is None
    booking = book()
    assert carrier().fetch(idempotency_key="k1", address=address()) == booking


def test_a_parcel_arrives_after_its_transit(settings):
    settings.CONVEYOR_TRANSIT_SECONDS = 60
    number = book().tracking_number
    assert carrier().track(tracking_number=number).delivered_at is None
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        arrived = carrier().track(tracking_number=number).delivered_at
        assert arrived is not None
        assert arrived < timezone.now()


def test_a_cancelled_parcel_never_arrives(settings):
    settings.CONVEYOR_TRANSIT_SECONDS = 0
    number = book().tracking_number
    carrier().cancel(tracking_number=number)
    carrier().cancel(tracking_number=number)
    assert carrier().track(tracking_number=number).delivered_at is None


def test_a_parcel_that_nobody_booked_is_unknown():
    with pytest.raises(UnknownParcel):
        carrier().track(tracking_number="SP0")
    with pytest.raises(UnknownParcel):
        carrier().cancel(tracking_number="SP0")
