"""Forms of the parcels page that were opened before somebody else acted, or that have a field too many."""

import pytest
from django.test import Client

from orders.models import Order
from shipping.models import Shipment
from tests.factories import client_with
from tests.shipping.stranded import delivered_or_stranded, stock

pytestmark = pytest.mark.django_db(transaction=True)
BERN = {"line1": "Hauptstrasse 1", "postcode": "3011", "city": "Bern", "country": "CH"}


@pytest.fixture
def operator() -> Client:
    return client_with("view_order", "view_shipment", "reship_parcel", "correct_address")


def url(order: Order) -> str:
    return f"/admin/orders/order/{order.pk}/parcels/"


def test_the_contents_of_a_lost_parcel_do_not_return_to_stock(operator):
    order, shipment = delivered_or_stranded("Lostville")
    before = stock()
    data = BERN | {"action": "reship", "shipment": str(shipment.pk), "goods_are_back": "on"}
    assert "A replacement parcel is being booked." in operator.post(url(order), data, follow=True).text
    assert Shipment.objects.get(pk=shipment.pk).current_for is None
    assert stock() == before - sum(line.quantity for line in order.lines.all())
