"""Contract of the `Carrier` protocol: what holds for every carrier, those of extensions too.

A module of tests imports these and has a fixture `subject`.
"""

import pytest

from shipping.carriers import Booking, ParcelState, UnknownParcel
from tests.shipping.conftest import Subject

pytestmark = pytest.mark.django_db(transaction=True)


def book(subject: Subject, *, key: str = "k1", city: str = "Bern") -> Booking:
    return subject.carrier.book(idempotency_key=key, consignment=subject.consignment(city=city))


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


def test_an_unknown_tracking_number_raises(subject):
    for call in (subject.carrier.track, subject.carrier.cancel):
        with pytest.raises(UnknownParcel):
            call(tracking_number="XX0")


def test_the_carrier_has_a_tracking_page(subject):
    assert subject.carrier.tracking_url(tracking_number="N-7").endswith("N-7")


def test_a_booked_parcel_moves_and_can_be_cancelled_twice(subject):
    number = book(subject).tracking_number
    assert subject.carrier.track(tracking_number=number).state is ParcelState.IN_TRANSIT
    for _ in range(2):
        subject.carrier.cancel(tracking_number=number)
