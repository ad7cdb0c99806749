"""Contract suite of the `Carrier` protocol, run against every carrier."""

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
    UnknownParcel,
)
from shipping.carriers.simulated import webhook
from tests.clocks import travel
from tests.shipping.conftest import Subject

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "carrier-secret"


def book(subject: Subject, *, key: str = "k1", city: str = "Bern") -> Booking:
    return subject.carrier.book(idempotency_key=key, consignment=subject.consignment(city=city))


def track_after(subject: Subject, booking: Booking, *, transits: float) -> Tracking:
    with travel(timezone.now() + timedelta(seconds=100 * transits), tick=False):
        return subject.carrier.track(tracking_number=booking.tracking_number)


@pytest.fixture(autouse=True)
def _transit(settings):
    settings.CONVEYOR_TRANSIT_SECONDS = 100


def test_a_quote_has_a_price_and_a_range_of_days(subject):
    quote = subject.carrier.quote(consignment=subject.consignment())
    assert quote is not None
    assert (quote.carrier, quote.currency) == (subject.carrier.name, "EUR")
    assert quote.price > 0
    assert 0 < quote.days[0] <= quote.days[1]


def test_the_same_consignment_costs_the_same_and_more_pieces_cost_no_less(subject):
    prices = [subject.carrier.quote(consignment=subject.consignment(pieces=n)).price for n in (1, 1, 9)]
    assert prices[0] == prices[1] <= prices[2]


def test_uninhabited_countries_are_not_served(subject):
    assert subject.carrier.quote(consignment=subject.consignment(country="AQ")) is None


def test_a_booking_has_the_carrier_and_a_tracking_number(subject):
    booking = book(subject)
    assert booking.carrier == subject.carrier.name
    assert 0 < len(booking.tracking_number) <= 40


def test_the_same_key_books_one_parcel(subject):
    assert book(subject) == book(subject)


def test_another_key_is_another_parcel(subject):
    assert book(subject).tracking_number != book(subject, key="k2").tracking_number


def test_a_parcel_is_found_by_its_key(subject):
    assert subject.carrier.fetch(idempotency_key="k1") is None
    booking = book(subject)
    assert subject.carrier.fetch(idempotency_key="k1") == booking


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


def test_an_unknown_tracking_number_raises(subject):
    for call in (subject.carrier.track, subject.carrier.cancel):
        with pytest.raises(UnknownParcel):
            call(tracking_number="XX0")


def test_the_carrier_has_a_tracking_page(subject):
    assert subject.carrier.tracking_url(tracking_number="N-7").endswith("N-7")


def test_a_signed_event_is_read_as_it_was_sent(subject):
    event = TrackingEvent("e1", timezone.now(), EventCode.DELAYED, "Basel", "Snow")
    body, headers = webhook(CarrierEvent("N-7", event), secret=SECRET)
    assert subject.carrier.read_webhook(body=body, headers=headers, secret=SECRET) == CarrierEvent("N-7", event)


def test_a_tampered_or_wrongly_signed_event_is_refused(subject):
    body, headers = webhook(CarrierEvent("N-7", TrackingEvent("e1", timezone.now(), EventCode.LOST)), secret=SECRET)
    for received, secret in ((body.replace(b"N-7", b"N-8"), SECRET), (body, "another"), (body, "")):
        with pytest.raises(NotFromCarrier):
            subject.carrier.read_webhook(body=received, headers=headers, secret=secret)
