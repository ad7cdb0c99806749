"""Tracking: a parcel is tracked until it is delivered, lost or returned, and each event is recorded once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.invariants import audit
from messaging.models import Message, State
from orders.models import Order, Status
from orders.services import mark_refunded
from orders.transitions import IllegalTransition
from shipping import services
from shipping.carriers import EventCode, ParcelState, Tracking, TrackingEvent
from shipping.models import MOST_EVENTS, TRANSITIONS, ParcelEvent, Shipment, ShipmentStatus
from shipping.selectors import with_order
from tests.clocks import travel
from tests.delivery import claim_task, deliver, deliver_all, deliver_due, make_due
from tests.shipping.orders import CREATE, DELIVERED, TRACK, paid, status

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_delivered_parcel_delivers_the_order(settings: Any):
    order = paid()
    deliver(claim_task(task=CREATE))
    with travel(timezone.now() + timedelta(seconds=settings.CONVEYOR_TRANSIT_SECONDS + 1), tick=False):
        make_due(task=TRACK)
        deliver_due()
    shipment = Shipment.objects.get()
    assert status(order) == Status.DELIVERED
    assert shipment.status == ShipmentStatus.DELIVERED
    assert shipment.delivered_at is not None
    assert audit() == []


def test_a_parcel_on_its_way_is_tracked_again_later():
    order = paid()
    deliver(claim_task(task=CREATE))
    assert deliver(claim_task(task=TRACK)) == State.DONE
    assert status(order) == Status.SHIPPED
    again = Message.objects.get(task=TRACK, state=State.PENDING)
    assert again.available_at > timezone.now()
    assert audit() == []


def test_tracking_a_delivered_parcel_changes_nothing(settings: Any):
    settings.CONVEYOR_TRANSIT_SECONDS = 0
    order = paid()
    deliver_all()
    message = Message.objects.filter(task=TRACK).latest("id")
    Message.objects.filter(pk=message.pk).update(state=State.SENT)
    assert deliver(message) == State.DONE
    assert order.events.filter(kind="delivered").count() == 1


def test_what_a_carrier_writes_about_a_delivery_keeps_no_order_from_being_delivered():
    """PostgreSQL stores no NUL, and no database half of an emoji that the carrier has cut in two."""
    order = paid()
    deliver(claim_task(task=CREATE))
    event = TrackingEvent(
        "odd", timezone.now(), EventCode.DELIVERED, place="Bern\x00", text="Left in the garage \ud83d"
    )
    tracking = Tracking(ParcelState.DELIVERED, (event,))
    services.record_tracking(shipment=with_order().get(), tracking=tracking)
    assert status(order) == Status.DELIVERED
    stored = ParcelEvent.objects.get(event_id="odd")
    assert (stored.place, stored.text) == ("Bern\ufffd", "Left in the garage \ufffd")


def test_a_carrier_that_renames_its_events_does_not_fill_the_table():
    order = paid()
    deliver(claim_task(task=CREATE))
    for answer in range(3):
        events = [TrackingEvent(f"{answer}-{each}", timezone.now(), EventCode.IN_TRANSIT) for each in range(150)]
        services.record_tracking(shipment=with_order().get(), tracking=Tracking(ParcelState.IN_TRANSIT, tuple(events)))
    newest = ParcelEvent.objects.filter(event_id__in=[f"1-{each}" for each in range(100, 150)])
    assert (ParcelEvent.objects.count(), newest.count()) == (MOST_EVENTS, 50)
    services.record_tracking(shipment=with_order().get(), tracking=DELIVERED)
    assert status(order) == Status.DELIVERED


def test_a_carrier_that_contradicts_itself_does_not_fill_the_timeline():
    order = paid()
    deliver(claim_task(task=CREATE))
    for _ in range(25):
        for state in (ParcelState.DELAYED, ParcelState.IN_TRANSIT):
            services.record_tracking(shipment=with_order().get(), tracking=Tracking(state, ()))
    assert order.events.filter(kind="parcel_delayed").count() == 20


def test_an_order_refunded_during_transit_stays_refunded():
    order = paid()
    deliver(claim_task(task=CREATE))
    order.refresh_from_db()
    mark_refunded(order=order)
    services.record_tracking(shipment=with_order().get(), tracking=DELIVERED)
    assert status(order) == Status.REFUNDED
    assert Shipment.objects.get().status == ShipmentStatus.DELIVERED


def test_a_parcel_cannot_be_delivered_for_an_order_that_was_not_shipped():
    order = paid()
    deliver(claim_task(task=CREATE))
    Order.objects.filter(pk=order.pk).update(status=Status.PAID)
    with pytest.raises(IllegalTransition):
        services.record_tracking(shipment=with_order().get(), tracking=DELIVERED)


@pytest.mark.parametrize(
    ("city", "end", "kind"),
    [
        ("Lostville", ShipmentStatus.LOST, "parcel_lost"),
        ("Returnham", ShipmentStatus.RETURNED, "parcel_returned"),
    ],
)
def test_a_lost_or_returned_parcel_ends_tracking_and_is_recorded(city: str, end: str, kind: str):
    order = paid(city=city)
    deliver_all()
    assert Shipment.objects.get().status == end
    assert status(order) == Status.SHIPPED
    assert order.events.filter(kind=kind).count() == 1
    assert not Message.objects.filter(task=TRACK).live().exists()
    assert list(Shipment.objects.needing_attention()) == [Shipment.objects.get()]
    assert audit() == []


def test_a_delay_is_recorded_once_and_tracking_continues(settings: Any):
    order = paid(city="Delayburg")
    deliver(claim_task(task=CREATE))
    began = timezone.now()
    for part in (0.7, 0.8):
        with travel(began + timedelta(seconds=settings.CONVEYOR_TRANSIT_SECONDS * part), tick=False):
            make_due(task=TRACK)
            deliver_due()
        assert Shipment.objects.get().status == ShipmentStatus.DELAYED
    assert audit() == []
    with travel(began + timedelta(seconds=settings.CONVEYOR_TRANSIT_SECONDS * 2.1), tick=False):
        make_due(task=TRACK)
        deliver_due()
    assert status(order) == Status.DELIVERED
    kinds = list(order.events.values_list("kind", flat=True))
    assert kinds.count("parcel_delayed") == 1
    codes = Shipment.objects.get().events.values_list("code", flat=True)
    assert list(codes) == ["accepted", "in_transit", "delayed", "delivered"]
    assert audit() == []


def test_successful_tracking_is_one_commit_and_at_most_eight_statements(settings: Any):
    settings.CONVEYOR_TRANSIT_SECONDS = 0
    paid()
    deliver(claim_task(task=CREATE))
    message = claim_task(task=TRACK)
    with CaptureQueriesContext(connection) as captured:
        deliver(message)
    statements = [query["sql"] for query in captured][:-1]
    assert statements.count("COMMIT") == 1
    work = [sql for sql in statements if not sql.startswith(("BEGIN", "COMMIT"))]
    assert len(work) <= 8, work
    assert Shipment.objects.get().status == ShipmentStatus.DELIVERED


def test_a_parcel_lost_after_a_refund_needs_no_attention():
    order = paid(city="Lostville")
    deliver(claim_task(task=CREATE))
    order.refresh_from_db()
    mark_refunded(order=order)
    deliver_all()
    assert Shipment.objects.get().status == ShipmentStatus.LOST
    assert not Shipment.objects.needing_attention().exists()
    assert status(order) == Status.REFUNDED


def test_a_shipment_of_an_older_release_becomes_current_when_tracked(settings: Any):
    settings.CONVEYOR_TRANSIT_SECONDS = 0
    order = paid()
    deliver(claim_task(task=CREATE))
    Shipment.objects.update(current_for=None, cost=None, due_from=None, due_until=None)
    message = claim_task(task=TRACK)
    Message.objects.filter(pk=message.pk).update(payload={"order_id": order.pk}, schema_version=1)
    message.refresh_from_db()
    assert deliver(message) == State.DONE
    assert status(order) == Status.DELIVERED
    assert Shipment.objects.get().current_for == order
    assert audit() == []


@pytest.mark.parametrize("before", list(ShipmentStatus))
@pytest.mark.parametrize("state", list(ParcelState))
def test_tracking_changes_a_parcel_as_its_table_says(before: ShipmentStatus, state: ParcelState):
    paid()
    deliver(claim_task(task=CREATE))
    Shipment.objects.update(status=before)
    services.record_tracking(shipment=with_order().get(), tracking=Tracking(state, ()))
    assert Shipment.objects.get().status == (state if state in TRANSITIONS[before] else before)
