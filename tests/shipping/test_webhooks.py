"""Is each word of a carrier checked, heard once, and never believed more than its record?"""

import random
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.invariants import audit
from messaging.models import Message, State
from orders.models import Order, Status
from shipping.carriers import CarrierEvent, EventCode, TrackingEvent, carrier
from shipping.carriers.simulated import HEADER, webhook
from shipping.models import CarrierParcel, ParcelEvent, Shipment, ShipmentStatus
from tests.delivery import deliver, deliver_all, deliver_due, take
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
PATH, SECRET, COMPARE = "/webhooks/carriers/swiftpost/", "carrier-secret", "shipping.compare_parcel"


@pytest.fixture(autouse=True)
def _secret(settings):
    settings.CARRIER_WEBHOOK_SECRETS = {"swiftpost": SECRET}


def shipped(city: str = "Bern") -> Shipment:
    place(city=city)
    deliver(take(task="payments.charge_payment"))
    deliver(take(task="shipping.create_shipment"))
    return Shipment.objects.latest("shipped_at")


def told(shipment: Shipment, code: EventCode = EventCode.DELIVERED, *, id_: str = "") -> CarrierEvent:
    return CarrierEvent(shipment.tracking_number, TrackingEvent(id_ or f"e-{code}", timezone.now(), code))


def tell(heard: CarrierEvent, *, secret: str = SECRET, at: datetime | None = None, path: str = PATH) -> int:
    body, headers = webhook(heard, secret=secret, at=at)
    return _post(body, headers, path)


def _post(body: bytes, headers: dict[str, str], path: str = PATH) -> int:
    return Client().post(path, body, content_type="application/json", headers=headers).status_code


def arrive(shipment: Shipment) -> None:
    """At the carrier, time has passed; here nobody has looked yet."""
    CarrierParcel.objects.filter(tracking_number=shipment.tracking_number).update(
        booked_at=timezone.now() - timedelta(days=2)
    )


def test_an_event_is_kept_and_answered_before_anything_is_done_about_it():
    shipment = shipped()
    Message.objects.all().delete()
    with CaptureQueriesContext(connection) as captured:
        assert tell(told(shipment)) == 200
    assert len(captured) <= 9
    assert ParcelEvent.objects.get().shipment == shipment
    message = Message.objects.get()
    assert (message.task, message.queue, message.subject) == (COMPARE, "shipping", shipment.order.number)
    assert Shipment.objects.get().status == ShipmentStatus.IN_TRANSIT


def test_an_event_is_answered_within_milliseconds():
    shipment = shipped()
    tell(told(shipment, id_="warm"))
    began = time.perf_counter()
    for n in range(20):
        tell(told(shipment, id_=f"e{n}"))
    assert (time.perf_counter() - began) / 20 < 0.1


@pytest.mark.parametrize("header", ["", "t=1,v1=abc", "t=x,v1=abc", "nonsense", "t=,v1=é"])
def test_what_is_not_signed_is_refused(header):
    body, _headers = webhook(told(shipped()), secret=SECRET)
    assert _post(body, {HEADER: header}) == 400
    assert not ParcelEvent.objects.exists()


@pytest.mark.parametrize("seconds", [-301, 301])
def test_what_was_signed_at_another_time_is_refused(seconds):
    assert tell(told(shipped()), at=timezone.now() + timedelta(seconds=seconds)) == 400
    assert not ParcelEvent.objects.exists()


def test_what_another_has_signed_is_refused():
    assert tell(told(shipped()), secret="another") == 400


@pytest.mark.parametrize("body", [b"{}", b"[]", b"nonsense", b"\xff", b'{"id": "1", "at": 7}'])
def test_a_signed_body_that_is_no_event_is_refused(body):
    from shipping.carriers.signatures import sign

    assert _post(body, {HEADER: sign(body, secret=SECRET)}) == 400


def test_only_posts_are_heard_and_only_of_carriers_with_a_secret(settings):
    heard = told(shipped())
    assert Client().get(PATH).status_code == 405
    assert tell(heard, path="/webhooks/carriers/landpost/") == 404
    settings.CARRIER_WEBHOOK_SECRETS = {"pigeon": SECRET}
    assert tell(heard, path="/webhooks/carriers/pigeon/") == 404
    assert tell(heard) == 404


def test_a_parcel_of_others_is_none_of_our_business():
    assert tell(CarrierEvent("SP999", TrackingEvent("e1", timezone.now(), EventCode.LOST))) == 200
    assert not ParcelEvent.objects.exists()


def test_an_event_that_comes_twice_is_heard_once():
    heard = told(shipped())
    assert [tell(heard), tell(heard)] == [200, 200]
    assert Message.objects.filter(task=COMPARE).count() == 1


def test_the_word_leads_to_a_look_that_delivers_the_order():
    shipment = shipped()
    arrive(shipment)
    tell(told(shipment))
    deliver_due()
    assert Order.objects.get().status == Status.DELIVERED
    assert Shipment.objects.get().status == ShipmentStatus.DELIVERED
    assert audit() == []


def test_a_word_that_the_carrier_s_record_does_not_bear_out_changes_nothing():
    shipment = shipped()
    tell(told(shipment, EventCode.LOST))
    deliver_due()
    assert Shipment.objects.get().status == ShipmentStatus.IN_TRANSIT
    assert Order.objects.get().status == Status.SHIPPED


def test_a_late_word_never_turns_a_settled_parcel_back():
    shipment = shipped()
    deliver_all()
    assert Shipment.objects.get().status == ShipmentStatus.DELIVERED
    for code in (EventCode.IN_TRANSIT, EventCode.LOST, EventCode.RETURNED):
        tell(told(shipment, code))
    assert not Message.objects.filter(task=COMPARE).exists()
    assert Shipment.objects.get().status == ShipmentStatus.DELIVERED
    assert ParcelEvent.objects.filter(event_id__startswith="e-").count() == 3


def test_two_hundred_words_twice_and_shuffled_end_as_once_and_in_order():
    cities = ("Bern", "Lostville", "Returnham", "Delayburg")
    shipments = [shipped(city) for city in cities * 10]
    for shipment in shipments:
        arrive(shipment)
    words: list[Any] = [
        CarrierEvent(shipment.tracking_number, event)
        for shipment in shipments
        for event in carrier("Swiftpost").track(tracking_number=shipment.tracking_number).events
    ] * 2
    random.Random(7).shuffle(words)
    assert {tell(word) for word in words} == {200}
    deliver_due(limit=1000)
    ends = Shipment.objects.order_by("shipped_at").values_list("status", flat=True)
    assert list(ends) == ["delivered", "lost", "returned", "delivered"] * 10
    assert ParcelEvent.objects.count() == len(set(words))
    assert not Message.objects.filter(state=State.DEAD).exists()
    assert audit() == []
