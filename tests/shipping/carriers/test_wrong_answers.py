"""Carriers' answers with values that nobody can record: asked for again, and nothing of them is stored."""

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from messaging.models import Message, State
from shipping.carriers import Booking, CarrierEvent, CarrierUnavailable, EventCode, Tracking, TrackingEvent
from shipping.carriers.base import MOST_LABEL_BYTES
from shipping.carriers.simulated import Swiftpost
from shipping.documents import store
from shipping.models import Shipment, ShipmentDocument
from tests.delivery import claim_task, deliver
from tests.factories import client_with, place

pytestmark = pytest.mark.django_db(transaction=True)
BOOK, TRACK = "shipping.create_shipment", "shipping.track_shipment"
LABEL = ShipmentDocument.Kind.LABEL
NUMBERS = ["", "N" * 41, "a\x00b", "half \ud800", "two\nlines", None, 5]


class Odd(Swiftpost):
    """Answers with `booked` and `tracked`, if any, instead of what it should."""

    booked: dict[str, Any] = {}
    tracked: dict[str, Any] = {}

    def _booking(self, parcel: Any) -> Booking:
        return Booking(**{"carrier": self.name, "tracking_number": parcel.tracking_number} | self.booked)

    def track(self, *, tracking_number: str) -> Tracking:
        found = super().track(tracking_number=tracking_number)
        if not self.tracked:
            return found
        event: dict[str, Any] = {"id": "e-1", "at": timezone.now(), "code": EventCode.IN_TRANSIT}
        return Tracking(found.state, (TrackingEvent(**event | self.tracked),))


@pytest.fixture(autouse=True)
def _odd(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SHIPPING_CARRIERS = ("tests.shipping.carriers.test_wrong_answers.Odd",)
    monkeypatch.setattr(Odd, "booked", {})
    monkeypatch.setattr(Odd, "tracked", {})


def paid() -> None:
    place()
    deliver(claim_task(task="payments.charge_payment"))


@pytest.mark.parametrize(
    "booked",
    [
        *({"tracking_number": number} for number in NUMBERS),
        {"label": b"<html>Bad gateway</html>"},
        {"label": b"%PDF" + b" " * MOST_LABEL_BYTES},
        {"label": "%PDF"},
    ],
    ids=lambda booked: ascii(booked)[:40],
)
def test_a_booking_that_cannot_be_recorded_is_found_again(monkeypatch: pytest.MonkeyPatch, booked: dict[str, Any]):
    paid()
    monkeypatch.setattr(Odd, "booked", booked)
    assert deliver(claim_task(task=BOOK)) == State.PENDING
    assert not Shipment.objects.exists()
    monkeypatch.setattr(Odd, "booked", {})
    deliver(claim_task(task=BOOK))
    assert Shipment.objects.get().tracking_number.startswith("SP")
    assert not Message.objects.dead().exists()


@pytest.mark.parametrize(
    "tracked",
    [
        *({"id": id_} for id_ in ("", "e" * 101, "a\x00b", "half \ud800", None, 5)),
        {"code": "teleported"},
        {"at": datetime(2026, 1, 1)},  # noqa: DTZ001 - the carrier's mistake
        {"at": "2026-01-01T00:00:00Z"},
    ],
    ids=lambda tracked: ascii(tracked)[:40],
)
def test_tracking_that_cannot_be_recorded_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, tracked: dict[str, Any]):
    paid()
    deliver(claim_task(task=BOOK))
    monkeypatch.setattr(Odd, "tracked", tracked)
    assert deliver(claim_task(task=TRACK)) == State.PENDING
    assert not Shipment.objects.get().events.exists()


@pytest.mark.parametrize("number", [number for number in NUMBERS if number != "N" * 41])
def test_a_webhook_event_of_no_possible_parcel_is_refused(number: Any):
    with pytest.raises(CarrierUnavailable):
        CarrierEvent(number, TrackingEvent("e-1", timezone.now(), EventCode.LOST))


def test_a_label_that_cannot_be_read_is_named_and_the_others_are_not_lost(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Odd, "booked", {"label": b"%PDF-1.7 and nothing else"})
    paid()
    deliver(claim_task(task=BOOK))
    number = Shipment.objects.get().tracking_number
    with pytest.raises(store.CannotPrint, match=number):
        store.merged_pdf(shipments=list(Shipment.objects.all()), kind=LABEL)
    data = {"action": "print_labels", "_selected_action": [str(Shipment.objects.get().pk)]}
    client = client_with("view_shipment", "view_order")
    response = client.post("/admin/shipping/shipment/", data, follow=True)
    assert number in response.text
    assert "cannot be read" in response.text


def test_a_label_is_drawn_whatever_characters_the_carriers_number_has(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Odd, "booked", {"tracking_number": "Ünï-💥-٣"})
    paid()
    deliver(claim_task(task=BOOK))
    assert store.document_pdf(shipment=Shipment.objects.get(), kind=LABEL).startswith(b"%PDF")
