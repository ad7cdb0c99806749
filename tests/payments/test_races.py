"""Races between a charge and a cancellation of the same order, with real threads."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection, transaction

from messaging.invariants import audit
from messaging.models import Message
from orders.models import Order, Status
from orders.transitions import IllegalTransition
from payments.models import Payment
from shop.order_pages.services import cancel
from tests.delivery import claim_task, deliver, deliver_all
from tests.factories import place
from tests.patience import wait_for
from tests.races import at_once, is_waited_for

pytestmark = pytest.mark.django_db(transaction=True)
TOO_LATE = (IllegalTransition,)


@pytest.mark.parametrize("task", ["payments.charge_payment", "shipping.create_shipment"])
def test_a_concurrent_cancellation_leaves_a_consistent_order(task: str):
    orders = [place(city="Bern") for _ in range(10)]
    for order in orders:
        if task.startswith("shipping"):
            deliver(claim_task(task="payments.charge_payment", subject=order.number))
        message = claim_task(task=task, subject=order.number)
        at_once(partial(deliver, message), partial(cancel, order=Order.objects.get(pk=order.pk)), refusals=TOO_LATE)
        assert audit() == []
    deliver_all(limit=1000)
    assert audit() == []
    assert not Message.objects.dead().exists()
    ends = {Status.CANCELLED, Status.REFUNDED, Status.DELIVERED}
    assert set(Order.objects.values_list("status", flat=True)) <= ends


def test_a_message_delivered_to_two_workers_at_once_counts_once():
    for _ in range(8):
        order = place()
        message = claim_task(task="payments.charge_payment", subject=order.number)
        at_once(partial(deliver, message), partial(deliver, Message.objects.get(pk=message.pk)))
        assert order.events.filter(kind="paid").count() == 1
    assert audit() == []
    assert not Message.objects.dead().exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no row locks")
def test_a_charge_that_waits_for_its_order_has_not_locked_the_payment():
    """A cancellation, which has the order's row, then needs that of the payment."""
    order = place()
    message = claim_task(task="payments.charge_payment")
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Order.objects.select_for_update().get(pk=order.pk)
        charging = pool.submit(_deliver_and_disconnect, message)
        wait_for(is_waited_for, what="a charge that waits for the order")
        Payment.objects.select_for_update(nowait=True).get(order=order)
    charging.result()
    assert audit() == []


def _deliver_and_disconnect(message: Message) -> None:
    try:
        deliver(message)
    finally:
        connection.close()
