"""Forms of the parcels page that were opened before somebody else acted, or that have a field too many."""

import pytest
from django.test import Client

from orders.models import Order
from shipping.delivery_problems import address_changes
from shipping.models import Shipment
from tests.factories import client_with
from tests.shipping.stranded import delivered_or_stranded, rejected, stock

pytestmark = pytest.mark.django_db(transaction=True)
BERN = {"line1": "Hauptstrasse 1", "postcode": "3011", "city": "Bern", "country": "CH"}


@pytest.fixture
def operator() -> Client:
    return client_with("view_order", "view_shipment", "reship_parcel", "correct_address")


def opened(operator: Client, order: Order) -> dict[str, str]:
    """The form of the page, as a browser would send it."""
    form = operator.get(url(order)).context["form"]
    assert f'name="seen" value="{form["seen"].value()}"' in operator.get(url(order)).text
    return {"action": "address", "seen": str(form["seen"].value())}


def url(order: Order) -> str:
    return f"/admin/orders/order/{order.pk}/parcels/"


def test_a_stale_page_does_not_undo_the_correction_of_another_operator(operator):
    order = rejected()
    stale = opened(operator, order) | BERN | {"line1": "Nebenstrasse 2"}
    operator.post(url(order), opened(operator, order) | BERN)
    shown = operator.post(url(order), stale, follow=True).text
    assert f"changed the address of order {order.number} after you opened this page. Nothing was changed." in shown
    order.refresh_from_db()
    assert order.line1 == "Hauptstrasse 1"
    assert address_changes(order=order).count() == 1
    operator.post(url(order), stale | opened(operator, order))
    order.refresh_from_db()
    assert order.line1 == "Nebenstrasse 2"


def test_a_double_click_is_told_that_the_address_is_there_already(operator):
    order = rejected()
    form = opened(operator, order) | BERN
    assert "Address corrected" in operator.post(url(order), form, follow=True).text
    assert "The order has this address already." in operator.post(url(order), form, follow=True).text


def test_the_contents_of_a_lost_parcel_do_not_return_to_stock(operator):
    order, shipment = delivered_or_stranded("Lostville")
    before = stock()
    data = BERN | {"action": "reship", "shipment": str(shipment.pk), "goods_are_back": "on"}
    assert "A replacement parcel is being booked." in operator.post(url(order), data, follow=True).text
    assert Shipment.objects.get(pk=shipment.pk).current_for is None
    assert stock() == before - sum(line.quantity for line in order.lines.all())
