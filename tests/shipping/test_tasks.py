"""Does every paid order get one parcel, and does the parcel's end become the order's?"""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.invariants import audit
from messaging.models import Message, State
from orders.errors import IllegalTransition
from orders.models import Order, Status
from orders.services import mark_refunded
from shipping import services
from shipping.carriers import Booking
from shipping.carriers.simulated import SimulatedCarrier
from shipping.models import CarrierParcel, Shipment, ShipmentStatus
from shipping.selectors import address_of
from shop.services import cancel
from tests.delivery import deliver, deliver_all, deliver_due, hurry, take
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
CHARGE, CREATE, TRACK = "payments.charge_payment", "shipping.create_shipment", "shipping.track_shipment"
CANCEL = "shipping.cancel_parcel"


def paid(**changes: Any) -> Order:
    order = place(**changes)
    deliver(take(task=CHARGE))
    order.refresh_from_db()
    assert order.status == Status.PAID
    return order


def status(order: Order) -> str:
    order.refresh_from_db()
    return order.status


def test_a_paid_order_is_shipped():
    order = paid()
    assert deliver(take(task=CREATE)) == State.DONE
    shipment = Shipment.objects.get()
    parcel = CarrierParcel.objects.get()
    assert status(order) == Status.SHIPPED
    assert (shipment.order, shipment.status) == (order, ShipmentStatus.IN_TRANSIT)
    assert (parcel.idempotency_key, parcel.tracking_number) == (order.number, shipment.tracking_number)
    assert order.name in shipment.label
    assert order.events.get(kind="shipped").data["tracking_number"] == shipment.tracking_number
    assert audit() == []


def test_a_happy_booking_is_one_commit_and_at_most_eight_statements():
    paid()
    message = take(task=CREATE)
    deliver(take(task="orders.send_email", payload__kind="placed"))
    with CaptureQueriesContext(connection) as captured:
        deliver(message)
    statements = [query["sql"] for query in captured][:-1]  # the last one is the test's own look at the message
    assert statements.count("COMMIT") == 1
    work = [sql for sql in statements if not sql.startswith(("BEGIN", "COMMIT"))]
    assert len(work) <= 8, work


def test_an_express_order_is_booked_and_tracked_with_high_priority():
    order = paid(shipping_method="express")
    deliver(take(task=CREATE))
    keys = set(Message.objects.filter(subject=order.number, queue="shipping").values_list("routing_key", flat=True))
    assert keys == {"shipment.create.high", "shipment.track.high"}


def test_in_flakytown_the_parcel_is_booked_at_the_third_try():
    order = paid(city="Flakytown")
    deliver(take(task=CREATE))
    assert status(order) == Status.PAID
    assert audit() == []
    hurry(task=CREATE)
    deliver_due()
    hurry(task=CREATE)
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert [event.data["step"] for event in order.events.filter(kind="attempt_failed")] == ["shipment", "shipment"]
    assert audit() == []


def test_an_order_to_nowhere_ends_as_a_dead_task_and_can_still_be_cancelled():
    order = paid(city="Nowhere")
    deliver_all()
    message = Message.objects.get(task=CREATE)
    assert message.state == State.DEAD
    assert status(order) == Status.PAID
    assert audit() == []
    cancel(order=order)
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert audit() == []


def test_a_parcel_that_has_arrived_delivers_the_order(settings: Any):
    order = paid()
    deliver(take(task=CREATE))
    with time_machine.travel(timezone.now() + timedelta(seconds=settings.CONVEYOR_TRANSIT_SECONDS + 1), tick=False):
        deliver_due()
    shipment = Shipment.objects.get()
    assert status(order) == Status.DELIVERED
    assert shipment.status == ShipmentStatus.DELIVERED
    assert shipment.delivered_at is not None
    assert audit() == []


def test_a_parcel_still_on_its_way_is_looked_at_again_later():
    order = paid()
    deliver(take(task=CREATE))
    assert deliver(take(task=TRACK)) == State.DONE
    assert status(order) == Status.SHIPPED
    again = Message.objects.get(task=TRACK, state=State.PENDING)
    assert again.available_at > timezone.now()
    assert audit() == []


def test_tracking_what_has_arrived_changes_nothing(settings: Any):
    settings.CONVEYOR_TRANSIT_SECONDS = 0
    order = paid()
    deliver_all()
    message = Message.objects.filter(task=TRACK).latest("id")
    Message.objects.filter(pk=message.pk).update(state=State.SENT)
    assert deliver(message) == State.DONE
    assert order.events.filter(kind="delivered").count() == 1


def test_a_second_delivery_books_nothing():
    order = paid()
    message = take(task=CREATE)
    deliver(message)
    assert deliver(message) == State.DONE
    assert deliver(message, redelivered=True) == State.DONE
    assert Shipment.objects.count() == CarrierParcel.objects.count() == 1
    assert order.events.filter(kind="shipped").count() == 1
    assert message.attempt_set.count() == 0


def test_a_worker_lost_between_booking_and_commit_books_one_parcel():
    order = paid()
    message = take(task=CREATE)
    book(order)
    assert audit() == []
    assert deliver(message, redelivered=True) == State.DONE
    assert status(order) == Status.SHIPPED
    assert CarrierParcel.objects.count() == 1
    assert audit() == []


def test_an_order_cancelled_while_its_parcel_is_booked_has_the_parcel_stopped(monkeypatch: pytest.MonkeyPatch):
    order = paid()

    class Interrupted(SimulatedCarrier):
        def book(self, **kwargs: Any) -> Booking:
            booking = super().book(**kwargs)
            cancel(order=Order.objects.get())
            return booking

    monkeypatch.setattr("shipping.tasks.carrier", Interrupted)
    assert deliver(take(task=CREATE)) == State.DONE
    monkeypatch.undo()
    assert Shipment.objects.get().status == ShipmentStatus.CANCELLED
    assert CarrierParcel.objects.get().cancelled_at is None
    assert audit() == []
    assert deliver(take(task=CANCEL)) == State.DONE
    assert CarrierParcel.objects.get().cancelled_at is not None
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert audit() == []


def test_a_booking_that_outlives_its_message_is_stopped(monkeypatch: pytest.MonkeyPatch):
    """A worker that was cut off is still booking while the message is sent again, for a cancelled order."""
    paid()
    cut_off = take(task=CREATE)

    class Slow(SimulatedCarrier):
        def book(self, **kwargs: Any) -> Booking:
            monkeypatch.undo()
            cancel(order=Order.objects.get())
            Message.objects.filter(pk=cut_off.pk).update(state=State.SENT, sends=2)
            assert deliver(Message.objects.get(pk=cut_off.pk), redelivered=True) == State.DONE
            return super().book(**kwargs)

    monkeypatch.setattr("shipping.tasks.carrier", Slow)
    assert deliver(cut_off) == State.DONE
    assert not Shipment.objects.exists()
    deliver_all()
    assert CarrierParcel.objects.get().cancelled_at is not None
    assert audit() == []


def test_an_order_cancelled_before_its_parcel_was_booked_has_no_parcel():
    order = paid()
    cancel(order=order)
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert not CarrierParcel.objects.exists()
    assert not Shipment.objects.exists()
    assert audit() == []


def test_a_parcel_whose_booking_was_never_recorded_is_stopped_when_the_order_is_cancelled():
    order = paid()
    book(order)
    cancel(order=order)
    assert audit() == []
    deliver_all()
    assert CarrierParcel.objects.get().cancelled_at is not None
    assert Shipment.objects.get().status == ShipmentStatus.CANCELLED
    assert audit() == []


def test_an_order_refunded_on_the_way_stays_refunded_when_the_parcel_arrives():
    order = paid()
    deliver(take(task=CREATE))
    order.refresh_from_db()
    mark_refunded(order=order)
    services.record_delivery(shipment=Shipment.objects.get(), delivered_at=timezone.now())
    assert status(order) == Status.REFUNDED
    assert Shipment.objects.get().status == ShipmentStatus.DELIVERED


def test_a_parcel_cannot_arrive_for_an_order_that_was_not_shipped():
    order = paid()
    deliver(take(task=CREATE))
    Order.objects.filter(pk=order.pk).update(status=Status.PAID)
    with pytest.raises(IllegalTransition):
        services.record_delivery(shipment=Shipment.objects.get(), delivered_at=timezone.now())


def book(order: Order) -> None:
    SimulatedCarrier().book(idempotency_key=order.number, address=address_of(order))
