"""What the pages of single records call their fields."""

import pytest

from shipping.models import Shipment
from tests.delivery import claim_task, deliver
from tests.factories import client_with, place

pytestmark = pytest.mark.django_db(transaction=True)


def test_identifiers_are_named_and_nothing_that_is_well_is_marked_by_a_cross():
    order = place()
    for task in ("payments.charge_payment", "shipping.create_shipment"):
        deliver(claim_task(task=task, subject=order.number))
    payment, shipment = order.payments.get(), Shipment.objects.get(order=order)
    client = client_with("view_order", "view_amountline", "view_payment", "view_shipment")
    pages = {
        "Amount lines": f"/admin/orders/order/{order.pk}/change/",
        "Payment ID:": f"/admin/payments/payment/{payment.pk}/change/",
        "Shipment ID:": f"/admin/shipping/shipment/{shipment.pk}/change/",
    }
    for text, address in pages.items():
        page = client.get(address).text
        assert text in page
        assert ">Id:<" not in page.replace("\n", "").replace(" ", "")
        assert "icon-no.svg" not in page
    Shipment.objects.update(current_for=None)  # another parcel has replaced it
    assert "icon-no.svg" not in client.get(address).text
