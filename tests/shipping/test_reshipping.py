"""Reshipping and restocking: once, with permission, and consistent with the stock."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from messaging.invariants import audit
from messaging.models import Message, State
from orders.models import Order, Status
from orders.transitions import IllegalTransition
from shipping.carriers import EventCode, ParcelState, Tracking, TrackingEvent
from shipping.delivery_problems import correct_address, reship
from shipping.models import CarrierParcel, Shipment, ShipmentStatus
from shipping.selectors import with_order
from shipping.services import record_tracking
from shop.models import Product, StockMovement
from shop.office.parcels.services import ParcelNotReturned, restock_returned_parcel
from shop.order_pages.services import cancel
from shop.stock.services import OutOfStock
from tests.delivery import claim_task, deliver, deliver_all, deliver_due
from tests.factories import place
from tests.races import at_once
from tests.shipping.orders import CHARGE, CREATE, status
from tests.shipping.stranded import BERN, NOBODY, OLGA, delivered_or_stranded, line_of, stock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("city", ["Lostville", "Returnham"])
def test_a_reshipped_order_is_booked_under_a_new_key_and_arrives(city: str):
    order, first = delivered_or_stranded(city)
    before = stock()
    assert reship(shipment=first, goods_are_back=False, by=OLGA, address=BERN)
    assert status(order) == Status.PAID
    assert stock() == before - 2
    assert audit() == []
    deliver_due()
    second = Shipment.objects.get(current_for=order)
    assert second.tracking_number != first.tracking_number
    keys = CarrierParcel.objects.order_by("pk").values_list("idempotency_key", flat=True)
    assert list(keys) == [order.number, f"{order.number}-2"]
    assert audit() == []
    deliver_all()
    assert status(order) == Status.DELIVERED
    assert list(order.shipments.order_by("shipped_at").values_list("status", flat=True)) == [first.status, "delivered"]
    assert Message.objects.filter(task="orders.send_email", payload__kind="shipped").count() == 2
    assert Message.objects.filter(task="orders.send_email", payload__kind="paid").count() == 1
    assert audit() == []


def test_a_third_parcel_has_a_third_key():
    order, shipment = delivered_or_stranded("Lostville")
    reship(shipment=shipment, goods_are_back=False, by=OLGA)
    deliver_all()
    reship(shipment=Shipment.objects.get(current_for=order), goods_are_back=False, by=OLGA)
    deliver_all()
    assert CarrierParcel.objects.filter(idempotency_key=f"{order.number}-3").exists()
    assert order.shipments.count() == 3
    assert audit() == []


def test_a_double_click_reships_once():
    order, shipment = delivered_or_stranded("Lostville")
    before = stock()
    assert [reship(shipment=shipment, goods_are_back=False, by=OLGA) for _ in range(3)] == [True, False, False]
    deliver_due()
    assert CarrierParcel.objects.count() == 2
    assert stock() == before - 2
    assert order.events.filter(kind="sent_again").count() == 1


def test_without_stock_nothing_is_reshipped_or_changed():
    order, shipment = delivered_or_stranded("Lostville")
    Product.objects.update(stock=1)
    movements = StockMovement.objects.count()
    with pytest.raises(OutOfStock):
        reship(shipment=shipment, goods_are_back=False, by=OLGA)
    assert status(order) == Status.SHIPPED
    assert Shipment.objects.get().current_for == order
    assert StockMovement.objects.count() == movements


def test_returned_goods_are_reshipped_even_if_they_were_the_last():
    order, shipment = delivered_or_stranded("Returnham")
    sold = stock()
    place(lines=[line_of(order, quantity=sold)])
    assert stock() == 0
    assert reship(shipment=shipment, goods_are_back=True, by=OLGA)
    assert stock() == 0
    assert [violation.invariant for violation in audit()] == []


def test_cancelling_a_reshipped_order_releases_only_the_second_parcels_stock():
    order, shipment = delivered_or_stranded("Lostville")
    before = stock()
    reship(shipment=shipment, goods_are_back=False, by=OLGA)
    assert stock() == before - 2
    order.refresh_from_db()
    cancel(order=order)
    assert stock() == before
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert CarrierParcel.objects.count() == 1
    assert audit() == []


def test_a_delivered_parcel_is_not_reshipped():
    _order, shipment = delivered_or_stranded("Bern")
    assert not reship(shipment=shipment, goods_are_back=False, by=OLGA)
    assert Shipment.objects.get().current_for is not None


def test_a_refunded_order_is_not_reshipped():
    order, shipment = delivered_or_stranded("Lostville")
    Order.objects.filter(pk=order.pk).update(status=Status.REFUNDED)
    with pytest.raises(IllegalTransition):
        reship(shipment=shipment, goods_are_back=False, by=OLGA)
    assert Shipment.objects.get().current_for == order


def test_tracking_of_the_first_parcel_never_continues_with_the_second(settings: Any):
    """A webhook reported the loss while the next tracking of the first parcel is still scheduled."""
    order = place(city="Lostville")
    deliver(claim_task(task=CHARGE))
    deliver(claim_task(task=CREATE))
    Shipment.objects.update(status=ShipmentStatus.LOST)
    reship(shipment=Shipment.objects.get(), goods_are_back=False, by=OLGA, address=BERN)
    deliver(claim_task(task=CREATE))
    first = Message.objects.filter(task="shipping.track_shipment").earliest("id")
    Message.objects.filter(pk=first.pk).update(state=State.SENT)
    assert deliver(first) == State.DONE
    assert Message.objects.filter(task="shipping.track_shipment").live().count() == 1
    assert order.shipments.count() == 2


def test_returned_goods_are_restocked_once():
    order, _shipment = delivered_or_stranded("Returnham")
    before = stock()
    assert [restock_returned_parcel(order=order, by=OLGA) for _ in range(2)] == [2, 0]
    assert stock() == before + 2


def test_restocked_goods_are_taken_again_for_another_parcel():
    order, shipment = delivered_or_stranded("Returnham")
    before = stock()
    restock_returned_parcel(order=order, by=OLGA)
    assert reship(shipment=shipment, goods_are_back=False, by=OLGA)
    assert stock() == before
    assert order.shipments.count() == 1


def test_goods_that_were_not_returned_are_not_restocked():
    order, _shipment = delivered_or_stranded("Lostville")
    with pytest.raises(ParcelNotReturned):
        restock_returned_parcel(order=order, by=OLGA)


def test_each_action_requires_its_own_permission():
    order, shipment = delivered_or_stranded("Returnham")
    for action in (
        lambda: reship(shipment=shipment, goods_are_back=True, by=NOBODY),
        lambda: correct_address(order=order, address=BERN, by=NOBODY),
        lambda: restock_returned_parcel(order=order, by=NOBODY),
    ):
        with pytest.raises(PermissionDenied):
            action()
    assert status(order) == Status.SHIPPED
    assert audit() == []


def test_concurrent_operators_reship_once():
    order, shipment = delivered_or_stranded("Lostville")
    before, sent = stock(), []
    at_once(*[lambda: sent.append(reship(shipment=shipment, goods_are_back=False, by=OLGA)) for _ in range(4)])
    assert sorted(sent) == [False, False, False, True]
    deliver_due()
    assert CarrierParcel.objects.count() == 2
    assert stock() == before - 2
    assert order.shipments.count() == 2
    assert audit() == []


def test_one_of_two_lost_orders_gets_the_last_goods():
    first = place(city="Lostville")
    second = place(city="Lostville", lines=[line_of(first, quantity=2)])
    deliver_all()
    shipments = [Shipment.objects.get(order=order) for order in (first, second)]
    place(lines=[line_of(first, quantity=stock() - 2)])
    refused = at_once(
        *[lambda s=s: reship(shipment=s, goods_are_back=False, by=OLGA) for s in shipments], refusals=(OutOfStock,)
    )
    assert sorted(error is None for error in refused) == [False, True]
    assert stock() == 0
    assert sorted(status(order) for order in (first, second)) == [Status.PAID, Status.SHIPPED]


def test_a_loss_reported_by_webhook_and_tracking_at_once_is_recorded_once():
    order = place(city="Lostville")
    deliver(claim_task(task=CHARGE))
    deliver(claim_task(task=CREATE))
    shipment = with_order().get()
    lost = Tracking(ParcelState.LOST, (TrackingEvent("e1", timezone.now(), EventCode.LOST),))
    at_once(*[lambda: record_tracking(shipment=shipment, tracking=lost) for _ in range(4)])
    assert order.events.filter(kind="parcel_lost").count() == 1
    assert shipment.events.count() == 1
