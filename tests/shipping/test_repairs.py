"""Can an operator bring an order on its way again, once however often it is asked, and only who may?"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.utils import timezone

from messaging.invariants import audit
from messaging.models import Message, State
from messaging.operations.models import AuditEntry
from orders.errors import IllegalTransition
from orders.models import Order, Status
from orders.values import Address
from shipping.carriers import EventCode, ParcelState, Tracking, TrackingEvent
from shipping.models import CarrierParcel, Shipment, ShipmentStatus
from shipping.repairs import CORRECT, RESHIP, BeingBooked, correct_address, reship
from shipping.services import record_tracking
from shop.models import Product, StockMovement
from shop.office.parcels.services import TAKE_BACK, ParcelNotReturned, restock_returned_parcel
from shop.order_pages.services import cancel
from shop.stock.services import OutOfStock
from tests.delivery import deliver, deliver_all, deliver_due, take
from tests.factories import place
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
CHARGE, CREATE = "payments.charge_payment", "shipping.create_shipment"
BERN = Address(line1="Hauptstrasse 1", city="Bern", postcode="3011", country="CH")


@dataclass
class Person:
    """As one of Django's users, without a row."""

    permissions: set[str] = field(default_factory=lambda: {RESHIP, CORRECT, TAKE_BACK})

    def has_perm(self, perm: str) -> bool:
        return perm in self.permissions

    def get_username(self) -> str:
        return "olga"


OLGA = Person()
NOBODY = Person(set())


def ended(city: str) -> tuple[Order, Shipment]:
    order = place(city=city)
    deliver_all()
    order.refresh_from_db()
    return order, Shipment.objects.get(order=order)


def rejected() -> Order:
    order = place(city="Rejectford")
    deliver(take(task=CHARGE))
    assert deliver(take(task=CREATE)) == State.DEAD
    order.refresh_from_db()
    return order


def status(order: Order) -> str:
    order.refresh_from_db()
    return order.status


def stock() -> int:
    product = Product.objects.get()
    moved = StockMovement.objects.filter(product=product).aggregate(n=Sum("quantity"))["n"]
    assert product.stock == moved
    return product.stock


def test_a_corrected_address_is_booked_anew():
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


def test_a_correction_sent_twice_books_one_parcel():
    order = rejected()
    assert correct_address(order=order, address=BERN, by=OLGA)
    assert not correct_address(order=order, address=BERN, by=OLGA)
    deliver_due()
    assert CarrierParcel.objects.count() == 1
    assert order.events.filter(kind="address_changed").count() == 1


def test_a_correction_of_a_discarded_booking_sends_for_another():
    order = rejected()
    Message.objects.filter(task=CREATE).update(state=State.DISCARDED)
    correct_address(order=order, address=BERN, by=OLGA)
    deliver_due()
    assert status(order) == Status.SHIPPED


def test_an_address_is_not_corrected_while_a_worker_may_be_booking_it():
    order = place()
    deliver(take(task=CHARGE))
    take(task=CREATE)
    with pytest.raises(BeingBooked):
        correct_address(order=order, address=BERN, by=OLGA)


def test_the_address_of_a_booked_parcel_stays():
    order, _shipment = ended("Bern")
    with pytest.raises(BeingBooked):
        correct_address(order=order, address=BERN, by=OLGA)


def test_the_address_of_a_cancelled_order_stays():
    order = rejected()
    cancel(order=order)
    with pytest.raises(IllegalTransition):
        correct_address(order=order, address=BERN, by=OLGA)


@pytest.mark.parametrize("city", ["Lostville", "Returnham"])
def test_an_order_is_sent_again_under_a_new_key_and_arrives(city: str):
    order, first = ended(city)
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
    order, shipment = ended("Lostville")
    reship(shipment=shipment, goods_are_back=False, by=OLGA)
    deliver_all()
    reship(shipment=Shipment.objects.get(current_for=order), goods_are_back=False, by=OLGA)
    deliver_all()
    assert CarrierParcel.objects.filter(idempotency_key=f"{order.number}-3").exists()
    assert order.shipments.count() == 3
    assert audit() == []


def test_a_double_click_sends_one_parcel():
    order, shipment = ended("Lostville")
    before = stock()
    assert [reship(shipment=shipment, goods_are_back=False, by=OLGA) for _ in range(3)] == [True, False, False]
    deliver_due()
    assert CarrierParcel.objects.count() == 2
    assert stock() == before - 2
    assert order.events.filter(kind="sent_again").count() == 1


def test_without_stock_nothing_is_sent_and_nothing_changed():
    order, shipment = ended("Lostville")
    Product.objects.update(stock=1)
    movements = StockMovement.objects.count()
    with pytest.raises(OutOfStock):
        reship(shipment=shipment, goods_are_back=False, by=OLGA)
    assert status(order) == Status.SHIPPED
    assert Shipment.objects.get().current_for == order
    assert StockMovement.objects.count() == movements


def test_goods_that_came_back_are_sent_again_even_if_they_were_the_last():
    order, shipment = ended("Returnham")
    sold = stock()
    place(lines=[line_of(order, quantity=sold)])
    assert stock() == 0
    assert reship(shipment=shipment, goods_are_back=True, by=OLGA)
    assert stock() == 0
    assert [broken.invariant for broken in audit()] == []


def test_a_second_parcel_that_is_cancelled_puts_back_only_its_own_goods():
    order, shipment = ended("Lostville")
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


def test_what_arrives_or_is_on_its_way_is_not_sent_again():
    _order, shipment = ended("Bern")
    assert not reship(shipment=shipment, goods_are_back=False, by=OLGA)
    assert Shipment.objects.get().current_for is not None


def test_an_order_that_was_refunded_is_not_sent_again():
    order, shipment = ended("Lostville")
    Order.objects.filter(pk=order.pk).update(status=Status.REFUNDED)
    with pytest.raises(IllegalTransition):
        reship(shipment=shipment, goods_are_back=False, by=OLGA)
    assert Shipment.objects.get().current_for == order


def test_the_looks_at_the_first_parcel_never_follow_the_second(settings: Any):
    """A webhook has told of the loss while the next look at the first parcel still waits."""
    order = place(city="Lostville")
    deliver(take(task=CHARGE))
    deliver(take(task=CREATE))
    Shipment.objects.update(status=ShipmentStatus.LOST)
    reship(shipment=Shipment.objects.get(), goods_are_back=False, by=OLGA, address=BERN)
    deliver(take(task=CREATE))
    first = Message.objects.filter(task="shipping.track_shipment").earliest("id")
    Message.objects.filter(pk=first.pk).update(state=State.SENT)
    assert deliver(first) == State.DONE
    assert Message.objects.filter(task="shipping.track_shipment").live().count() == 1
    assert order.shipments.count() == 2


def test_returned_goods_go_back_on_the_shelf_once():
    order, _shipment = ended("Returnham")
    before = stock()
    assert [restock_returned_parcel(order=order, by=OLGA) for _ in range(2)] == [2, 0]
    assert stock() == before + 2


def test_goods_that_went_back_on_the_shelf_are_taken_anew_for_another_parcel():
    order, shipment = ended("Returnham")
    before = stock()
    restock_returned_parcel(order=order, by=OLGA)
    assert reship(shipment=shipment, goods_are_back=False, by=OLGA)
    assert stock() == before
    assert order.shipments.count() == 1


def test_goods_that_are_not_back_are_not_put_on_the_shelf():
    order, _shipment = ended("Lostville")
    with pytest.raises(ParcelNotReturned):
        restock_returned_parcel(order=order, by=OLGA)


def test_each_deed_asks_for_its_own_permission_and_changes_nothing_without():
    order, shipment = ended("Returnham")
    for deed in (
        lambda: reship(shipment=shipment, goods_are_back=True, by=NOBODY),
        lambda: correct_address(order=order, address=BERN, by=NOBODY),
        lambda: restock_returned_parcel(order=order, by=NOBODY),
    ):
        with pytest.raises(PermissionDenied):
            deed()
    assert status(order) == Status.SHIPPED
    assert audit() == []


def line_of(order: Order, *, quantity: int) -> Any:
    from shop.checkout.services import LineWanted

    return LineWanted(sku=order.lines.get().sku, quantity=quantity)


def test_operators_who_send_it_again_at_once_send_one_parcel():
    order, shipment = ended("Lostville")
    before, sent = stock(), []
    at_once(*[lambda: sent.append(reship(shipment=shipment, goods_are_back=False, by=OLGA)) for _ in range(4)])
    assert sorted(sent) == [False, False, False, True]
    deliver_due()
    assert CarrierParcel.objects.count() == 2
    assert stock() == before - 2
    assert order.shipments.count() == 2
    assert audit() == []


def test_of_two_lost_orders_that_want_the_last_goods_at_once_one_is_sent():
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


def test_a_parcel_that_is_heard_of_by_webhook_and_look_at_once_is_told_of_once():
    order = place(city="Lostville")
    deliver(take(task=CHARGE))
    deliver(take(task=CREATE))
    shipment = Shipment.objects.select_related("order").get()
    lost = Tracking(ParcelState.LOST, (TrackingEvent("e1", timezone.now(), EventCode.LOST),))
    at_once(*[lambda: record_tracking(shipment=shipment, tracking=lost) for _ in range(4)])
    assert order.events.filter(kind="parcel_lost").count() == 1
    assert shipment.events.count() == 1
