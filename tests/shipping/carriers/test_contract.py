"""The contract of carriers, and what only simulated ones can be made to do: reject, delay, lose, return, report."""

from datetime import timedelta

import pytest
from django.utils import timezone

from shipping.carriers import (
    AddressRejected,
    Booking,
    CarrierEvent,
    EventCode,
    NotFromCarrier,
    ParcelState,
    Tracking,
    TrackingEvent,
)
from shipping.carriers.simulated import webhook
from tests.clocks import travel
from tests.shipping.carriers.contract import *  # noqa: F403
from tests.shipping.carriers.contract import book
from tests.shipping.conftest import Subject

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "carrier-secret"


def track_after(subject: Subject, booking: Booking, *, transits: float) -> Tracking:
    with travel(timezone.now() + timedelta(seconds=100 * transits), tick=False):
        return subject.carrier.track(tracking_number=booking.tracking_number)


@pytest.fixture(autouse=True)
def _transit(settings):
    settings.CONVEYOR_TRANSIT_SECONDS = 100


def test_a_rejected_address_books_nothing_and_is_rejected_each_time(subject):
    for _ in range(2):
        with pytest.raises(AddressRejected) as error:
            book(subject, city="Rejectford")
        assert error.value.reason == "unknown_address"
        assert "Rejectford" not in str(error.value)
    assert subject.carrier.fetch(idempotency_key="k1") is None


def test_a_parcel_travels_and_arrives(subject):
    booking = book(subject)
    in_transit = track_after(subject, booking, transits=0.5)
    assert in_transit.state == ParcelState.IN_TRANSIT
    assert EventCode.ACCEPTED in {event.code for event in in_transit.events}
    arrived = track_after(subject, booking, transits=1.1)
    assert arrived.state == ParcelState.DELIVERED
    assert arrived.events[-1].code == EventCode.DELIVERED


@pytest.mark.parametrize(
    ("city", "half_way", "end"),
    [
        ("Delayburg", ParcelState.DELAYED, ParcelState.DELIVERED),
        ("Lostville", ParcelState.IN_TRANSIT, ParcelState.LOST),
        ("Returnham", ParcelState.IN_TRANSIT, ParcelState.RETURNED),
    ],
)
def test_a_parcel_may_be_delayed_lost_or_returned(subject, city, half_way, end):
    booking = book(subject, city=city)
    assert track_after(subject, booking, transits=0.7).state == half_way
    assert track_after(subject, booking, transits=2.1).state == end


def test_events_come_oldest_first_with_stable_ids(subject):
    booking = book(subject, city="Delayburg")
    early, late = (track_after(subject, booking, transits=n).events for n in (0.7, 2.1))
    assert late[: len(early)] == early
    assert [event.at for event in late] == sorted(event.at for event in late)
    assert len({event.id for event in late}) == len(late)


def test_a_cancelled_parcel_never_arrives_and_cancelling_is_idempotent(subject):
    booking = book(subject)
    for _ in range(2):
        subject.carrier.cancel(tracking_number=booking.tracking_number)
    assert track_after(subject, booking, transits=3).state == ParcelState.IN_TRANSIT


def test_a_signed_event_is_read_as_it_was_sent(subject):
    event = TrackingEvent("e1", timezone.now(), EventCode.DELAYED, "Basel", "Snow")
    body, headers = webhook(CarrierEvent("N-7", event), secret=SECRET)
    assert subject.carrier.read_webhook(body=body, headers=headers, secret=SECRET) == CarrierEvent("N-7", event)


def test_a_tampered_or_wrongly_signed_event_is_refused(subject):
    body, headers = webhook(CarrierEvent("N-7", TrackingEvent("e1", timezone.now(), EventCode.LOST)), secret=SECRET)
    for received, secret in ((body.replace(b"N-7", b"N-8"), SECRET), (body, "another"), (body, "")):
        with pytest.raises(NotFromCarrier):
            subject.carrier.read_webhook(body=received, headers=headers, secret=secret)
