"""Parcels without tracking: booked without asking anyone, delivered once the promised time has passed."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from orders.values import Address
from shipping.carriers import Consignment, ParcelState, UnknownParcel
from shipping.carriers.untracked import UntrackedPost
from shipping.delivery_windows import delivery_window

POST = UntrackedPost()
TO = Address(line1="1 Engine Row", city="London", postcode="N1 1AA", country="GB")


def consignment(method: str = "standard") -> Consignment:
    return Consignment("Ada Lovelace", TO, method)


def test_the_same_key_gets_the_same_number(time_machine):
    time_machine.move_to("2026-03-02 09:00+00:00", tick=False)
    number = POST.book(idempotency_key="CV-1", consignment=consignment()).tracking_number
    assert number.startswith("UP20260302S")
    assert POST.book(idempotency_key="CV-1", consignment=consignment()).tracking_number == number
    assert POST.book(idempotency_key="CV-2", consignment=consignment()).tracking_number != number
    assert POST.fetch(idempotency_key="CV-1") is None


@pytest.mark.parametrize(("method", "last_day"), [("standard", 6), ("express", 3)])
def test_a_parcel_is_delivered_when_the_promised_time_has_passed(time_machine, method, last_day):
    """Monday, 2 March: standard takes four working days at most, express one."""
    time_machine.move_to("2026-03-02 09:00+00:00", tick=False)
    number = POST.book(idempotency_key="CV-1", consignment=consignment(method)).tracking_number
    time_machine.move_to(f"2026-03-0{last_day} 23:59+00:00", tick=False)
    assert POST.track(tracking_number=number).state == ParcelState.IN_TRANSIT
    time_machine.move_to(f"2026-03-0{last_day + 1} 00:00+00:00", tick=False)
    tracking = POST.track(tracking_number=number)
    assert tracking.state == ParcelState.DELIVERED
    assert [event.at.day for event in tracking.events] == [2, last_day]


@pytest.mark.parametrize("booked_at", ["2026-03-02 16:00", "2026-03-03 14:59", "2026-03-01 09:00"])
def test_a_parcel_is_delivered_on_the_last_day_that_was_promised_when_it_was_booked(time_machine, booked_at):
    """What is booked after the cut-off hour, or on a Sunday, leaves on the next working day."""
    time_machine.move_to(f"{booked_at}+00:00", tick=False)
    booked = timezone.now()
    promised = delivery_window(days=settings.SHIPPING_WORKING_DAYS["standard"], ready_at=booked)
    number = POST.book(idempotency_key="CV-1", consignment=consignment()).tracking_number
    assert all(event.at <= booked for event in POST.track(tracking_number=number).events)
    time_machine.move_to(f"{promised.latest} 23:00+00:00", tick=False)
    assert POST.track(tracking_number=number).state == ParcelState.IN_TRANSIT
    time_machine.move_to(f"{promised.latest + timedelta(days=1)} 00:00+00:00", tick=False)
    assert POST.track(tracking_number=number).events[-1].at.date() == promised.latest


@pytest.mark.parametrize(
    "number", ["", "SP1", "UP20261332S0123456789", "UP20260302X0123456789", "UP20260302S012345678\n"]
)
def test_another_number_is_unknown(number):
    for ask in (POST.track, POST.cancel):
        with pytest.raises(UnknownParcel):
            ask(tracking_number=number)


@override_settings(SHIPPING_WORKING_DAYS={"standard": (2, 4)})
def test_what_the_shop_does_not_promise_is_not_offered():
    assert POST.quote(consignment=consignment("express")) is None
    assert POST.quote(consignment=consignment()).days == (2, 4)
