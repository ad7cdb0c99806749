"""Delivery windows: promised, expected and booked."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from orders.values import Address
from shipping.delivery_windows import DeliveryWindow
from shipping.models import Shipment
from shipping.selectors import booked_window, expected_window, promised_window, tracking_url
from tests.factories import place

MON, TUE, WED, THU, FRI, SAT, SUN, NEXT_MON, NEXT_TUE, NEXT_WED, NEXT_THU, NEXT_FRI = (
    date(2026, 3, day) for day in range(2, 14)
)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("placed_at", "express", "earliest", "latest"),
    [
        (at(MON, 0), TUE, WED, FRI),
        (at(MON, 14, 59), TUE, WED, FRI),
        (at(MON, 15), WED, THU, NEXT_MON),
        (at(THU, 23, 59), NEXT_MON, NEXT_TUE, NEXT_THU),
        (at(FRI, 10), NEXT_MON, NEXT_TUE, NEXT_THU),
        (at(FRI, 15), NEXT_TUE, NEXT_WED, NEXT_FRI),
        (at(SAT, 9), NEXT_TUE, NEXT_WED, NEXT_FRI),
        (at(SUN, 23), NEXT_TUE, NEXT_WED, NEXT_FRI),
    ],
)
def test_weekends_and_hours_after_the_cut_off_do_not_count(placed_at, express, earliest, latest):
    assert promised_window(shipping_method="express", placed_at=placed_at) == DeliveryWindow(express, express)
    assert promised_window(shipping_method="standard", placed_at=placed_at) == DeliveryWindow(earliest, latest)


def test_the_cut_off_is_in_the_shops_time_zone(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    placed_at = at(MON, 14, 30)
    with timezone.override("America/New_York"):
        assert promised_window(shipping_method="express", placed_at=placed_at).latest == WED


@pytest.mark.django_db
def test_a_shipment_without_due_dates_or_a_configured_carrier_has_the_promised_window():
    order = place()
    shipment = Shipment.objects.create(
        order=order, current_for=order, carrier="Pigeon", tracking_number="P1", shipped_at=at(MON, 9)
    )
    assert booked_window(shipment=shipment) == DeliveryWindow(WED, FRI)
    assert tracking_url(shipment=shipment) == ""
    shipment.due_from, shipment.due_until = TUE, THU
    assert booked_window(shipment=shipment) == DeliveryWindow(TUE, THU)


@pytest.mark.django_db
def test_the_expected_window_is_that_of_the_carrier_that_would_be_chosen():
    order = place(address=Address("Road 1", "Town", "10115", "DE"))
    assert expected_window(order=order, pieces=1, now=at(MON, 9)) == DeliveryWindow(THU, FRI)
    assert expected_window(order=order, pieces=21, now=at(MON, 9)) == DeliveryWindow(WED, FRI)
    order.country = "AQ"
    assert expected_window(order=order, pieces=1, now=at(MON, 9)) is None


def test_an_unknown_method_raises():
    with pytest.raises(KeyError):
        promised_window(shipping_method="teleport", placed_at=at(MON, 9))
