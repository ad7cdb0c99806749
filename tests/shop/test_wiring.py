"""Wiring of signals and tasks, as printed by `manage.py topology`."""

import pytest

from messaging.management.commands.topology import wiring
from messaging.models import Message
from orders.models import Order
from orders.selectors import ACKNOWLEDGE_AFTER
from shipping.delivery_problems import reship
from shipping.models import Shipment
from shop.order_pages.services import cancel, pay_again
from tests.delivery import claim_task, deliver, deliver_all
from tests.factories import UserFactory, place
from tests.payments.outcomes import capture_now

pytestmark = pytest.mark.django_db(transaction=True)


def declared(signal: str) -> list[str]:
    (row,) = [row for row in wiring() if row["signal"] == f"orders.{signal}"]
    return sorted(task for receiver in row["receivers"] for task in receiver["enqueues"])


def enqueued_since(known: set) -> list[str]:
    return sorted(Message.objects.exclude(pk__in=known).values_list("task", flat=True))


def known() -> set:
    return set(Message.objects.values_list("pk", flat=True))


def test_each_signal_enqueues_what_its_receivers_declare():
    order = place(payment_method="pm_card_declined")
    assert enqueued_since(set()) == declared("order_placed")

    before = known()
    deliver(claim_task(task="payments.charge_payment"))
    assert enqueued_since(before) == declared("order_payment_failed")

    before = known()
    pay_again(order=Order.objects.get(), payment_method="pm_card_visa")
    assert enqueued_since(before) == declared("order_reopened")

    before = known()
    deliver(claim_task(task="payments.charge_payment"))
    assert enqueued_since(before) == declared("order_paid")

    capture_now(order)
    before = known()
    cancel(order=Order.objects.get(pk=order.pk))
    refunded = enqueued_since(before)
    before = known()
    deliver(claim_task(task="payments.refund_payment"))
    assert enqueued_since(before) == declared("order_refunded")

    unanswered = place(payment_method="pm_bug")
    deliver(claim_task(task="payments.charge_payment"))
    before = known()
    cancel(order=unanswered)
    unrecorded = enqueued_since(before)

    authorised = enqueued_by_cancelling_another_method()
    assert sorted({*refunded, *unrecorded, *authorised}) == declared("order_cancelled")


def enqueued_by_cancelling_another_method() -> list[str]:
    challenged = place(payment_method="pm_3ds")
    Order.objects.filter(pk=challenged.pk).update(placed_at=challenged.placed_at - 2 * ACKNOWLEDGE_AFTER)
    before = known()
    deliver(claim_task(task="payments.charge_payment"))
    assert enqueued_since(before) == sorted([*declared("order_action_required"), "payments.compare_payment"])
    before = known()
    pay_again(order=Order.objects.get(pk=challenged.pk), payment_method="pm_card_visa")
    assert enqueued_since(before) == declared("order_method_changed")
    deliver(claim_task(task="payments.charge_payment"))
    Message.objects.filter(task="payments.void_payment").delete()
    before = known()
    cancel(order=Order.objects.get(pk=challenged.pk))
    return enqueued_since(before)


def test_an_order_that_is_sent_again_enqueues_what_its_receivers_declare():
    order = place(city="Lostville")
    deliver_all()
    before = known()
    reship(shipment=Shipment.objects.get(order=order), goods_are_back=False, by=UserFactory.create(is_superuser=True))
    assert enqueued_since(before) == declared("order_sent_again")


def test_a_shipped_order_enqueues_what_its_receivers_declare():
    place()
    deliver(claim_task(task="payments.charge_payment"))
    before = known()
    deliver(claim_task(task="shipping.create_shipment"))
    assert enqueued_since(before) == declared("order_shipped")
