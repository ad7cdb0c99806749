"""Holds: a refund and a replacement, wrong together, are decided under one lock."""

import uuid
from functools import partial

import pytest
from django.test import Client

from messaging import circuit_breaker, simulated_outages
from messaging.models import Circuit, Message, State
from orders.models import Hold, Order, Status
from orders.services import mark_refunded
from orders.services.operators import Trusted
from orders.transitions import IllegalTransition, OnHold
from payments.models import Refund
from payments.services import refund_order, repeat_refund
from shipping.delivery_problems import reship
from shipping.models import CarrierParcel, Shipment, ShipmentStatus
from shop.models import Product
from tests.auditing import broken
from tests.delivery import claim_task, deliver, deliver_all, deliver_due
from tests.factories import client_with, place
from tests.payments.disputes.disputing import fresh, paid
from tests.payments.outcomes import capture_now
from tests.races import at_once
from tests.shipping.orders import book
from tests.shipping.stranded import BERN, OLGA, delivered_or_stranded, stock

pytestmark = pytest.mark.django_db(transaction=True)
CREATE, REFUND = "shipping.create_shipment", "payments.refund_payment"
HELD = "an order is on hold exactly while its money is going back, or may have to"
HOLDS_NONE = "an order that gets no products holds none"


def refund(order: Order, amount: int) -> Refund:
    made = refund_order(order=order, amount=amount, request_id=uuid.uuid4(), by=Trusted("olga"))
    assert made is not None
    return made


def page(client: Client, order: Order) -> str:
    return " ".join(client.get(f"/admin/orders/order/{order.pk}/parcels/").text.split())


@pytest.fixture
def outages():
    """What a test begins is over afterwards."""
    yield
    simulated_outages.end(name="gateway.simulated")
    circuit_breaker.forget()


@pytest.mark.usefixtures("outages")
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_nothing_is_reshipped_while_a_refund_waits_for_the_gateway(share):
    order, shipment = delivered_or_stranded("Lostville")
    simulated_outages.begin(name="gateway.simulated", seconds=3600)
    refund(order, round(order.total * share))
    deliver_due()
    with pytest.raises(OnHold, match="a refund is not completed"):
        reship(shipment=shipment, goods_are_back=False, by=OLGA)
    assert Shipment.objects.get().current_for == order
    assert fresh(order).status == Status.SHIPPED
    assert stock() == 98
    assert broken() == {}
    simulated_outages.end(name="gateway.simulated")
    Circuit.objects.update(opened_at=None)
    circuit_breaker.forget()
    deliver_all()
    assert fresh(order).status == (Status.REFUNDED if share == 1.0 else Status.SHIPPED)
    assert broken() == {}


def test_an_order_that_was_refunded_in_part_is_reshipped():
    order, shipment = delivered_or_stranded("Lostville")
    refund(order, 700)
    deliver_all()
    assert reship(shipment=shipment, goods_are_back=False, by=OLGA, address=BERN)
    deliver_all()
    assert fresh(order).status == Status.DELIVERED
    assert broken() == {}


def test_a_refund_and_a_replacement_at_once_never_both_happen():
    order, shipment = delivered_or_stranded("Lostville")
    at_once(
        partial(reship, shipment=shipment, goods_are_back=False, by=OLGA, address=BERN),
        partial(refund, order, order.total),
        refusals=(OnHold, IllegalTransition),
    )
    deliver_all()
    order.refresh_from_db()
    assert order.status in (Status.REFUNDED, Status.CANCELLED)
    assert CarrierParcel.objects.filter(cancelled_at=None).count() == 1
    assert broken() == {}


def test_a_refund_before_the_booking_releases_the_stock():
    order = paid()
    mark_refunded(order=order)
    assert stock() == 100
    assert HOLDS_NONE not in broken()


def test_a_refund_recorded_before_the_replacement_is_booked_releases_its_stock():
    order, shipment = delivered_or_stranded("Lostville")
    reship(shipment=shipment, goods_are_back=False, by=OLGA)
    mark_refunded(order=fresh(order))
    assert stock() == 98
    assert HOLDS_NONE not in broken()


def test_products_of_a_refunded_order_that_never_left_are_reported():
    order = paid()
    Order.objects.update(status=Status.REFUNDED)
    assert f"{order.number} is refunded, but holds 2 pieces" in broken()[HOLDS_NONE]


def test_a_parcel_waits_for_a_refund_in_part_and_is_then_booked():
    order = paid()
    refund(order, 700)
    deliver(claim_task(task=CREATE))
    assert not CarrierParcel.objects.exists()
    assert broken() == {}
    deliver(claim_task(task=REFUND))
    assert Message.objects.filter(task=CREATE).live().count() == 1
    deliver_all()
    assert fresh(order).status == Status.DELIVERED
    assert CarrierParcel.objects.count() == 1
    assert broken() == {}


def test_a_parcel_waits_for_a_refund_that_failed_until_it_is_repeated():
    order = place(payment_method="pm_refund_fails")
    deliver(claim_task(task="payments.charge_payment"))
    capture_now(order)
    owed = refund(order, 700)
    for _ in range(3):
        deliver_all()
    assert fresh(order).status == Status.PAID
    repeat_refund(
        refund=Refund.objects.select_related("payment__order").get(pk=owed.pk), by=Trusted("olga"), reason="failed"
    )
    for _ in range(3):
        deliver_all()
    assert fresh(order).status == Status.DELIVERED
    assert broken() == {}


def test_a_parcel_that_was_booked_while_a_refund_began_is_cancelled_and_another_one_booked_later():
    order = paid()
    book(order)
    refund(order, 700)
    message = claim_task(task=CREATE)
    assert deliver(message, redelivered=True) == State.DONE
    assert Shipment.objects.get().status == ShipmentStatus.CANCELLED
    assert broken() == {}
    deliver_all()
    assert fresh(order).status == Status.DELIVERED
    assert CarrierParcel.objects.filter(cancelled_at=None).count() == 1
    assert broken() == {}


def test_a_hold_that_is_lifted_while_its_booking_is_decided_is_not_forgotten():
    order = paid()
    refund(order, 700)
    booking, refunding = claim_task(task=CREATE), claim_task(task=REFUND)
    at_once(partial(deliver, booking), partial(deliver, refunding))
    assert broken() == {}
    deliver_all()
    assert fresh(order).status == Status.DELIVERED
    assert broken() == {}


def test_the_parcels_page_shows_refunds_and_offers_no_replacement_meanwhile():
    order, shipment = delivered_or_stranded("Lostville")
    client = client_with("view_order", "view_shipment", "reship_parcel")
    assert "Send replacement parcel" in page(client, order)
    refund(order, 700)
    shown = page(client, order)
    for words in ("On hold", "a refund is not completed", "€7.00, pending"):
        assert words in shown, words
    assert "Send replacement parcel" not in shown
    data = {"line1": "Main St 1", "postcode": "3011", "city": "Bern", "country": "CH", "action": "reship"}
    answer = client.post(f"/admin/orders/order/{order.pk}/parcels/", data | {"shipment": str(shipment.pk)}, follow=True)
    assert "Nothing can be sent for order" in answer.text
    assert Shipment.objects.get().current_for == order


def test_an_order_on_hold_keeps_its_price_and_stock():
    order = paid()
    refund(order, 700)
    assert fresh(order).hold == Hold.REFUND
    assert Product.objects.get().stock == 98
    Order.objects.update(hold="")
    assert order.number in broken()[HELD]
