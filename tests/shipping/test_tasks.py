"""Booking task: every paid order gets exactly one parcel, whatever fails or is cancelled meanwhile."""

from typing import Any

import pytest

from messaging.invariants import audit
from messaging.models import Message, State
from messaging.operations.actions import discard
from messaging.operations.permissions import Actor
from orders.models import Order, Status
from orders.values import Address
from shipping.carriers import Booking
from shipping.carriers.simulated import Swiftpost, Tariff
from shipping.models import CarrierParcel, Shipment, ShipmentStatus
from shipping.selectors import consignment_of
from shop.order_pages.services import cancel
from tests.delivery import claim_task, deliver, deliver_all, deliver_due, make_due
from tests.shipping.orders import CANCEL, CREATE, book, paid, status

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_paid_order_is_shipped():
    order = paid()
    assert deliver(claim_task(task=CREATE)) == State.DONE
    shipment = Shipment.objects.get()
    parcel = CarrierParcel.objects.get()
    assert status(order) == Status.SHIPPED
    assert (shipment.order, shipment.status) == (order, ShipmentStatus.IN_TRANSIT)
    assert (parcel.idempotency_key, parcel.tracking_number) == (order.number, shipment.tracking_number)
    assert (shipment.carrier, shipment.current_for) == ("Swiftpost", order)
    assert order.events.get(kind="shipped").data["tracking_number"] == shipment.tracking_number
    assert audit() == []


def test_an_express_order_is_booked_and_tracked_with_high_priority():
    order = paid(shipping_method="express")
    deliver(claim_task(task=CREATE))
    keys = set(Message.objects.filter(subject=order.number, queue="shipping").values_list("routing_key", flat=True))
    assert keys == {"shipment.create.high", "shipment.track.high"}


def test_in_flakytown_the_parcel_is_booked_on_the_third_attempt():
    order = paid(city="Flakytown")
    deliver(claim_task(task=CREATE))
    assert status(order) == Status.PAID
    assert audit() == []
    make_due(task=CREATE)
    deliver_due()
    make_due(task=CREATE)
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert [event.data["step"] for event in order.events.filter(kind="attempt_failed")] == ["shipment", "shipment"]
    assert audit() == []


def test_an_order_to_nowhere_leads_to_a_dead_message_and_can_still_be_cancelled():
    order = paid(city="Nowhere")
    deliver_all()
    message = Message.objects.get(task=CREATE)
    assert message.state == State.DEAD
    assert status(order) == Status.PAID
    assert audit() == []
    cancel(order=order)
    deliver_all()
    assert status(order) == Status.CANCELLED
    assert audit() == []


def test_a_second_delivery_books_nothing():
    order = paid()
    message = claim_task(task=CREATE)
    deliver(message)
    assert deliver(message) == State.DONE
    assert deliver(message, redelivered=True) == State.DONE
    assert Shipment.objects.count() == CarrierParcel.objects.count() == 1
    assert order.events.filter(kind="shipped").count() == 1
    assert message.attempt_set.count() == 0


def test_a_worker_lost_between_booking_and_commit_books_one_parcel():
    order = paid()
    message = claim_task(task=CREATE)
    book(order)
    assert audit() == []
    assert deliver(message, redelivered=True) == State.DONE
    assert status(order) == Status.SHIPPED
    assert CarrierParcel.objects.count() == 1
    assert audit() == []


def test_the_parcel_of_an_order_cancelled_during_its_booking_is_cancelled(monkeypatch: pytest.MonkeyPatch):
    order = paid()

    class Interrupted(Swiftpost):
        def book(self, **kwargs: Any) -> Booking:
            booking = super().book(**kwargs)
            cancel(order=Order.objects.get())
            return booking

    monkeypatch.setattr("shipping.tasks.carrier", lambda name: Interrupted())
    assert deliver(claim_task(task=CREATE)) == State.DONE
    monkeypatch.undo()
    assert Shipment.objects.get().status == ShipmentStatus.CANCELLED
    assert CarrierParcel.objects.get().cancelled_at is None
    assert audit() == []
    assert deliver(claim_task(task=CANCEL)) == State.DONE
    assert CarrierParcel.objects.get().cancelled_at is not None
    deliver_all()
    assert status(order) == Status.CANCELLED
    assert audit() == []


def test_a_booking_that_outlives_its_message_is_cancelled(monkeypatch: pytest.MonkeyPatch):
    """A worker that was cut off still books while the message is redelivered, for a cancelled order."""
    paid()
    cut_off = claim_task(task=CREATE)

    class Slow(Swiftpost):
        def book(self, **kwargs: Any) -> Booking:
            monkeypatch.undo()
            cancel(order=Order.objects.get())
            Message.objects.filter(pk=cut_off.pk).update(state=State.SENT, sends=2)
            assert deliver(Message.objects.get(pk=cut_off.pk), redelivered=True) == State.DONE
            return super().book(**kwargs)

    monkeypatch.setattr("shipping.tasks.carrier", lambda name: Slow())
    assert deliver(cut_off) == State.DONE
    assert not Shipment.objects.exists()
    deliver_all()
    assert CarrierParcel.objects.get().cancelled_at is not None
    assert audit() == []


def test_an_order_cancelled_before_its_booking_has_no_parcel():
    order = paid()
    cancel(order=order)
    deliver_all()
    assert status(order) == Status.CANCELLED
    assert not CarrierParcel.objects.exists()
    assert not Shipment.objects.exists()
    assert audit() == []


def test_an_unrecorded_booking_is_cancelled_with_its_order():
    order = paid()
    book(order)
    cancel(order=order)
    assert audit() == []
    deliver_all()
    assert CarrierParcel.objects.get().cancelled_at is not None
    assert Shipment.objects.get().status == ShipmentStatus.CANCELLED
    assert audit() == []


def test_a_shipment_has_the_chosen_carriers_price_and_due_dates():
    address = Address(line1="Hauptstrasse 1", city="Köln", postcode="50667", country="DE")
    order = paid(address=address)
    deliver(claim_task(task=CREATE))
    shipment = Shipment.objects.get()
    assert (shipment.carrier, shipment.cost, shipment.currency) == ("Landpost", 435, "EUR")
    assert shipment.due_from is not None
    assert shipment.due_until is not None
    assert shipment.shipped_at.date() < shipment.due_from < shipment.due_until
    assert order.events.get(kind="shipped").data["carrier"] == "Landpost"
    deliver_all()
    assert status(order) == Status.DELIVERED
    assert audit() == []


def test_an_earlier_booking_with_another_carrier_is_found(settings: Any):
    """The first reply was lost, and by the second attempt another carrier is cheaper."""
    order = paid()
    message = claim_task(task=CREATE)
    Swiftpost().book(idempotency_key=order.number, consignment=consignment_of(order))
    settings.SHIPPING_CARRIERS = ("tests.shipping.test_tasks.Cheap", *settings.SHIPPING_CARRIERS)
    assert deliver(message, redelivered=True) == State.DONE
    assert Shipment.objects.get().carrier == "Swiftpost"
    assert CarrierParcel.objects.count() == 1


class Cheap(Swiftpost):
    name, prefix = "Cheap", "CH"
    tariff = Tariff(prices={"standard": 1}, each_piece=0, days={"standard": (1, 1)})


def test_a_rejected_address_makes_the_message_dead_at_once():
    order = paid(city="Rejectford")
    assert deliver(claim_task(task=CREATE)) == State.DEAD
    message = Message.objects.get(task=CREATE)
    assert (message.attempts, message.error_type) == (1, "shipping.carriers.base.AddressRejected")
    assert message.error_message == "The carrier rejected the address (unknown_address); nothing was booked."
    assert "Rejectford" not in message.error_message
    assert status(order) == Status.PAID
    assert not CarrierParcel.objects.exists()
    assert audit() == []
    discard(ids=[message.pk], actor=Actor.system("olga"), reason="gone")
    assert [violation.invariant for violation in audit()] == [
        "every paid order has a shipment, or a message that will create it",
        "every unfinished order has a message that will move it forward",
    ]


def test_an_address_that_no_carrier_serves_is_rejected():
    paid(address=Address(line1="Hut 1", city="Base", postcode="", country="AQ"))
    assert deliver(claim_task(task=CREATE)) == State.DEAD
    assert "not_served" in Message.objects.get(task=CREATE).error_message
