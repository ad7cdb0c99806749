"""Address correction: before the parcel is booked, and retrying a dead booking."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from messaging.invariants import audit
from messaging.models import Message, State
from messaging.operations.models import AuditEntry
from messaging.outbox import transaction
from orders.models import Order, Status
from orders.transitions import IllegalTransition
from shipping.delivery_problems import BookingInProgress, correct_address
from shipping.models import CarrierParcel
from shop.order_pages.services import cancel
from tests.delivery import claim_task, deliver, deliver_due
from tests.factories import place
from tests.messaging.deliver import claim_due
from tests.shipping.orders import CHARGE, CREATE, status
from tests.shipping.stranded import BERN, OLGA, delivered_or_stranded, rejected

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_corrected_address_retries_the_booking():
    order = rejected()
    assert correct_address(order=order, address=BERN, by=OLGA)
    assert audit() == []
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert CarrierParcel.objects.get().city == "Bern"
    assert Message.objects.filter(task=CREATE).count() == 1
    entry = AuditEntry.objects.get(action="retry")
    assert (entry.actor, entry.reason) == ("olga", "the address was corrected")
    assert audit() == []


def test_a_correction_submitted_twice_books_one_parcel():
    order = rejected()
    assert correct_address(order=order, address=BERN, by=OLGA)
    assert not correct_address(order=order, address=BERN, by=OLGA)
    deliver_due()
    assert CarrierParcel.objects.count() == 1
    assert order.events.filter(kind="address_changed").count() == 1


def test_a_correction_after_a_discarded_booking_enqueues_another():
    order = rejected()
    Message.objects.filter(task=CREATE).update(state=State.DISCARDED)
    correct_address(order=order, address=BERN, by=OLGA)
    deliver_due()
    assert status(order) == Status.SHIPPED


def test_an_address_is_not_corrected_while_a_worker_may_be_booking():
    order = place()
    deliver(claim_task(task=CHARGE))
    claim_task(task=CREATE)
    with pytest.raises(BookingInProgress):
        correct_address(order=order, address=BERN, by=OLGA)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_no_booking_with_the_old_address_begins_while_it_is_corrected():
    """A worker would read the address before the correction is committed."""
    order = place(city="Chur")
    deliver(claim_task(task=CHARGE))
    with ThreadPoolExecutor(1) as pool, transaction():
        assert correct_address(order=order, address=BERN, by=OLGA)
        assert pool.submit(_claim_and_disconnect).result() == []
    deliver_due()
    assert CarrierParcel.objects.get().city == "Bern"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_an_address_is_not_corrected_while_a_relay_is_claiming_the_booking():
    order = place()
    deliver(claim_task(task=CHARGE))
    with ThreadPoolExecutor(1) as pool, transaction():
        assert Message.objects.filter(task=CREATE).update(state=State.SENT) == 1
        refusal = pool.submit(_correct_and_disconnect, order).exception()
    assert isinstance(refusal, BookingInProgress)


def _claim_and_disconnect() -> list[Message]:
    try:
        return [message for message in claim_due() if message.task == CREATE]
    finally:
        connection.close()


def _correct_and_disconnect(order: Order) -> None:
    try:
        correct_address(order=order, address=BERN, by=OLGA)
    finally:
        connection.close()


def test_the_address_of_a_booked_parcel_cannot_be_corrected():
    order, _shipment = delivered_or_stranded("Bern")
    with pytest.raises(BookingInProgress):
        correct_address(order=order, address=BERN, by=OLGA)


def test_the_address_of_a_cancelled_order_cannot_be_corrected():
    order = rejected()
    cancel(order=order)
    with pytest.raises(IllegalTransition):
        correct_address(order=order, address=BERN, by=OLGA)
