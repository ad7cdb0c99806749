"""Simulated carriers: scripted outcomes by city, and the number of queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shipping.carriers import CarrierUnavailable, UnknownCarrier, carrier, carriers
from shipping.models import CarrierParcel
from tests.shipping.conftest import Subject

pytestmark = pytest.mark.django_db(transaction=True)


def book(subject: Subject, city: str, key: str = "k1") -> str:
    return subject.carrier.book(idempotency_key=key, consignment=subject.consignment(city=city)).tracking_number


def test_a_parcel_is_booked_with_one_statement(subject, monkeypatch):
    monkeypatch.setattr("messaging.circuits.LOOK_SECONDS", 3600)
    subject.carrier.fetch(idempotency_key="none")  # refreshes the circuit's state, as happens once a second
    with CaptureQueriesContext(connection) as captured:
        number = book(subject, "Bern")
    assert len(captured) == 1
    assert CarrierParcel.objects.get(idempotency_key="k1", carrier=subject.carrier.name).tracking_number == number


def test_each_carrier_has_its_own_keys():
    swift, land = (Subject(carrier(name), country) for name, country in (("Swiftpost", "CH"), ("Landpost", "DE")))
    assert book(swift, "Bern") != book(land, "Berlin")
    assert CarrierParcel.objects.filter(idempotency_key="k1").count() == 2


def test_in_flakytown_the_carrier_answers_on_the_third_attempt(subject):
    for _ in range(2):
        with pytest.raises(CarrierUnavailable):
            book(subject, "Flakytown")
    assert book(subject, "Flakytown") == book(subject, "Flakytown")
    with pytest.raises(CarrierUnavailable):
        book(subject, "Flakytown", key="another order")


def test_in_nowhere_the_carrier_never_answers(subject):
    for _ in range(4):
        with pytest.raises(CarrierUnavailable):
            book(subject, "Nowhere")
    assert not CarrierParcel.objects.exists()


def test_carrier_names_are_case_insensitive():
    assert [each.name for each in carriers()] == ["Swiftpost", "Landpost"]
    assert carrier("SWIFTPOST").name == "Swiftpost"
    with pytest.raises(UnknownCarrier):
        carrier("Pigeon")
