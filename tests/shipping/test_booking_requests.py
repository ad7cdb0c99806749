"""Booking requests: what is asked of a carrier, read by one statement."""

import pytest

from orders.models import Order
from shipping.models import Shipment
from shipping.selectors import booking_request_for
from shop.checkout.services import LineWanted
from tests.factories import ProductFactory, place

pytestmark = pytest.mark.django_db


def ship(order: Order, *, number: str, is_current: bool) -> None:
    current_for = order if is_current else None
    Shipment.objects.create(order=order, current_for=current_for, carrier="Swiftpost", tracking_number=number)


def test_the_pieces_of_all_lines_are_one_parcel(django_assert_num_queries):
    order = place(lines=[LineWanted(sku=ProductFactory.create().sku, quantity=quantity) for quantity in (2, 3)])
    with django_assert_num_queries(1):
        request = booking_request_for(order_id=order.pk)
    assert request.order == Order.objects.get(pk=order.pk)
    assert (request.consignment.pieces, request.consignment.name) == (5, order.name)
    assert (request.key, request.is_booked) == (order.number, False)


def test_an_order_without_lines_is_one_piece():
    order = place()
    order.lines.all().delete()
    assert booking_request_for(order_id=order.pk).consignment.pieces == 1


def test_earlier_parcels_are_counted_in_the_key():
    order, other = place(), place()
    ship(order, number="1", is_current=False)
    ship(order, number="2", is_current=False)
    ship(other, number="3", is_current=True)
    request = booking_request_for(order_id=order.pk)
    assert (request.key, request.is_booked) == (f"{order.number}-3", False)


def test_an_order_with_a_current_parcel_is_booked():
    order = place()
    ship(order, number="1", is_current=True)
    assert booking_request_for(order_id=order.pk).is_booked is True


def test_an_order_that_does_not_exist_is_an_error():
    with pytest.raises(Order.DoesNotExist):
        booking_request_for(order_id=10**9)
