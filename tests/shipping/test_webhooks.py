"""Carrier webhooks: verified, stored once, and checked against the carrier's record."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from messaging.invariants import audit
from messaging.models import Message, State
from orders import webhook_events
from orders.models import Order, Status
from orders.services import anonymise_orders
from orders.transitions import lock_order
from shipping.carriers import CarrierEvent, EventCode, ParcelState, Tracking, TrackingEvent, carrier
from shipping.carriers.signatures import sign
from shipping.carriers.simulated import HEADER, webhook
from shipping.models import MOST_EVENTS, CarrierParcel, ParcelEvent, Shipment, ShipmentStatus
from shipping.selectors import with_order
from shipping.services import record_event, record_tracking
from shop.site.time_zones import COOKIE
from tests import fuzzing
from tests.delivery import claim_task, deliver, deliver_all, deliver_due
from tests.factories import place
from tests.patience import wait_for
from tests.races import at_once, is_waited_for

pytestmark = pytest.mark.django_db(transaction=True)
PATH, SECRET, COMPARE = "/webhooks/carriers/swiftpost/", "carrier-secret", "shipping.compare_parcel"


@pytest.fixture(autouse=True)
def _secret(settings):
    settings.CARRIER_WEBHOOK_SECRETS = {"swiftpost": (SECRET,)}


def shipped(city: str = "Bern") -> Shipment:
    place(city=city)
    deliver(claim_task(task="payments.charge_payment"))
    deliver(claim_task(task="shipping.create_shipment"))
    return Shipment.objects.latest("shipped_at")


def event_of(shipment: Shipment, code: EventCode = EventCode.DELIVERED, *, id_: str = "") -> CarrierEvent:
    return CarrierEvent(shipment.tracking_number, TrackingEvent(id_ or f"e-{code}", timezone.now(), code))


def post_event(event: CarrierEvent, *, secret: str = SECRET, at: datetime | None = None, path: str = PATH) -> int:
    body, headers = webhook(event, secret=secret, at=at)
    return _post(body, headers, path)


def _post(body: bytes, headers: dict[str, str], path: str = PATH) -> int:
    return Client().post(path, body, content_type="application/json", headers=headers).status_code


def arrive(shipment: Shipment) -> None:
    """Let the parcel arrive in the carrier's record, before the shop tracks it."""
    CarrierParcel.objects.filter(tracking_number=shipment.tracking_number).update(
        booked_at=timezone.now() - timedelta(days=2)
    )


def test_an_event_is_stored_and_acknowledged_before_it_is_processed():
    shipment = shipped()
    Message.objects.all().delete()
    with CaptureQueriesContext(connection) as captured:
        assert post_event(event_of(shipment)) == 200
    assert len(captured) <= 9
    assert ParcelEvent.objects.get().shipment == shipment
    message = Message.objects.get()
    assert (message.task, message.queue, message.subject) == (COMPARE, "shipping", shipment.order.number)
    assert Shipment.objects.get().status == ShipmentStatus.IN_TRANSIT


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_an_event_beside_the_erasure_of_its_order_does_not_keep_where_the_parcel_went():
    """It was reported before the erasure, and is written after it."""
    shipment = shipped()
    deliver_all()
    event = TrackingEvent("e-late", timezone.now(), EventCode.DELIVERED, "Wonderland 7", "left with the Liddells")
    report = partial(record_event, carrier=shipment.carrier, event=CarrierEvent(shipment.tracking_number, event))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            anonymise_orders(orders=[lock_order(order_id=shipment.order_id)])
            reported = pool.submit(at_once, report)
            wait_for(lambda: is_waited_for() or reported.done())
        assert reported.result() == [None]
    stored = ParcelEvent.objects.get(event_id="e-late")
    assert (stored.place, stored.text) == ("", "")


def test_acknowledging_an_event_costs_the_same_however_many_there_were():
    shipment = shipped()
    costs = []
    for n in range(20):
        with CaptureQueriesContext(connection) as captured:
            assert post_event(event_of(shipment, id_=f"e{n}")) == 200
        costs.append(len(captured))
    assert max(costs[1:]) <= costs[0] <= 9


def test_events_of_a_parcel_that_has_too_many_are_acknowledged_and_not_stored():
    shipment = shipped()
    stored = {"shipment": shipment, "carrier": shipment.carrier, "code": "in_transit", "at": timezone.now()}
    ParcelEvent.objects.bulk_create(ParcelEvent(event_id=f"o-{n}", **stored) for n in range(MOST_EVENTS))
    assert post_event(event_of(shipment)) == 200
    assert ParcelEvent.objects.count() == MOST_EVENTS


@pytest.mark.parametrize("header", ["", "t=1,v1=abc", "t=x,v1=abc", "nonsense", "t=,v1=é"])
def test_a_request_without_a_valid_signature_is_refused(header):
    body, _headers = webhook(event_of(shipped()), secret=SECRET)
    assert _post(body, {HEADER: header}) == 400
    assert not ParcelEvent.objects.exists()


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_signature_from_another_time_is_refused(seconds, time_machine):
    event, now = event_of(shipped()), timezone.now().replace(microsecond=0)
    time_machine.move_to(now, tick=False)
    assert post_event(event, at=now + timedelta(seconds=seconds)) == 400
    assert not ParcelEvent.objects.exists()


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_signature_from_an_absurd_time_is_refused(digits):
    body, _headers = webhook(event_of(shipped()), secret=SECRET)
    assert _post(body, {HEADER: f"t={'9' * digits},v1=abc"}) == 400


def test_a_body_has_a_bound():
    body = b" " * (webhook_events.MAX_BYTES + 1)
    assert _post(body, {HEADER: sign(body, secret=SECRET)}) == 413
    assert not Message.objects.exists()


@pytest.mark.parametrize("is_first", [True, False])
def test_of_two_signatures_while_a_carrier_changes_its_secret_either_counts(is_first):
    body = webhook(event_of(shipped()), secret=SECRET)[0]
    ours, other = sign(body, secret=SECRET), sign(body, secret="another").partition(",")[2]
    seconds, _, signature = ours.partition(",")
    header = f"{seconds},{signature},{other}" if is_first else f"{seconds}, {other}, {signature}"
    assert _post(body, {HEADER: header}) == 200


def test_a_signature_with_another_secret_is_refused():
    assert post_event(event_of(shipped()), secret="another") == 400


@pytest.mark.parametrize("body", [b"{}", b"[]", b"nonsense", b"\xff", b'{"id": "1", "at": 7}', b"[" * 100_000])
def test_a_signed_body_that_is_not_an_event_is_kept_as_a_dead_letter_once(body):
    for _ in range(2):
        assert _post(body, {HEADER: sign(body, secret=SECRET)}) == 200
    kept = Message.objects.get()
    assert (kept.state, kept.queue, bytes(kept.raw_body or b"")) == (State.DEAD, "shipping", body)
    assert audit() == []


def test_only_post_is_allowed_and_only_for_carriers_with_a_secret(settings):
    event = event_of(shipped())
    assert Client().get(PATH).status_code == 405
    assert post_event(event, path="/webhooks/carriers/landpost/") == 404
    assert Client().post("/webhooks/carriers/landpost/")["Content-Type"] == "application/problem+json"
    settings.CARRIER_WEBHOOK_SECRETS = {"pigeon": (SECRET,)}
    assert post_event(event, path="/webhooks/carriers/pigeon/") == 404
    assert post_event(event) == 404


def test_while_a_secret_changes_both_sign_and_no_third_one(settings):
    settings.CARRIER_WEBHOOK_SECRETS = {"swiftpost": ("new", SECRET)}
    event = event_of(shipped())
    assert [post_event(event, secret=secret) for secret in ("new", SECRET, "another")] == [200, 200, 400]
    body = b"{}"
    assert _post(body, {HEADER: sign(body, secret=SECRET)}) == 200
    assert Message.objects.dead().count() == 1


def test_an_unknown_parcel_is_ignored():
    assert post_event(CarrierEvent("SP999", TrackingEvent("e1", timezone.now(), EventCode.LOST))) == 200
    assert not ParcelEvent.objects.exists()


def test_a_duplicate_event_is_processed_once():
    event = event_of(shipped())
    assert [post_event(event), post_event(event)] == [200, 200]
    assert Message.objects.filter(task=COMPARE).count() == 1


def test_an_event_triggers_tracking_that_delivers_the_order():
    shipment = shipped()
    arrive(shipment)
    post_event(event_of(shipment))
    deliver_due()
    assert Order.objects.get().status == Status.DELIVERED
    assert Shipment.objects.get().status == ShipmentStatus.DELIVERED
    assert audit() == []


def test_a_late_event_of_an_anonymised_order_does_not_tell_where_the_parcel_went():
    shipment = shipped()
    deliver_all()
    anonymise_orders(orders=[Order.objects.get(pk=shipment.order_id)])
    told = TrackingEvent("late", timezone.now(), EventCode.IN_TRANSIT, place="Bern", text="Left with the neighbour")
    assert post_event(CarrierEvent(shipment.tracking_number, told)) == 200
    stored = ParcelEvent.objects.get(event_id="late")
    assert (stored.shipment, stored.place, stored.text) == (shipment, "", "")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2999-01-01T00:00:00Z"])
@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo"])
def test_an_event_of_an_impossible_time_has_the_time_at_which_it_arrived(at, zone, client):
    shipment = shipped()
    body = json.dumps({"id": "e-1", "tracking_number": shipment.tracking_number, "code": "in_transit", "at": at})
    assert _post(body.encode(), {HEADER: sign(body.encode(), secret=SECRET)}) == 200
    assert abs(ParcelEvent.objects.get().at - timezone.now()) < timedelta(minutes=5)
    client.cookies[COOKIE] = zone
    assert client.get(reverse("shop:order", args=[shipment.order.public_id])).status_code == 200


def test_a_parcel_that_arrived_at_an_impossible_time_arrived_now():
    shipment = shipped()
    arrived = TrackingEvent("e-1", datetime.max.replace(tzinfo=UTC), EventCode.DELIVERED)
    record_tracking(shipment=with_order().get(), tracking=Tracking(ParcelState.DELIVERED, (arrived,)))
    shipment.refresh_from_db()
    assert shipment.delivered_at is not None
    assert abs(shipment.delivered_at - timezone.now()) < timedelta(minutes=5)


def test_an_event_that_contradicts_the_carriers_record_changes_nothing():
    shipment = shipped()
    post_event(event_of(shipment, EventCode.LOST))
    deliver_due()
    assert Shipment.objects.get().status == ShipmentStatus.IN_TRANSIT
    assert Order.objects.get().status == Status.SHIPPED


def test_a_late_event_never_changes_a_final_state():
    shipment = shipped()
    deliver_all()
    assert Shipment.objects.get().status == ShipmentStatus.DELIVERED
    for code in (EventCode.IN_TRANSIT, EventCode.LOST, EventCode.RETURNED):
        post_event(event_of(shipment, code))
    assert not Message.objects.filter(task=COMPARE).exists()
    assert Shipment.objects.get().status == ShipmentStatus.DELIVERED
    assert ParcelEvent.objects.filter(event_id__startswith="e-").count() == 3


@pytest.mark.slow
def test_duplicated_and_shuffled_events_have_the_same_outcome():
    cities = ("Bern", "Lostville", "Returnham", "Delayburg")
    times = fuzzing.examples(10)
    shipments = [shipped(city) for city in cities * times]
    for shipment in shipments:
        arrive(shipment)
    events: list[Any] = [
        CarrierEvent(shipment.tracking_number, event)
        for shipment in shipments
        for event in carrier("Swiftpost").track(tracking_number=shipment.tracking_number).events
    ] * 2
    random.Random(7).shuffle(events)
    assert {post_event(event) for event in events} == {200}
    deliver_due(limit=1000)
    ends = Shipment.objects.order_by("shipped_at").values_list("status", flat=True)
    assert list(ends) == ["delivered", "lost", "returned", "delivered"] * times
    assert ParcelEvent.objects.count() == len(set(events))
    assert not Message.objects.filter(state=State.DEAD).exists()
    assert audit() == []
