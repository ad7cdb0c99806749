"""Races between a charge and a cancellation of the same order, with real threads."""

from functools import partial

import pytest

from messaging.invariants import audit
from messaging.models import Message
from orders.models import Order, Status
from orders.transitions import IllegalTransition
from shop.order_pages.services import cancel
from tests.delivery import claim_task, deliver, deliver_all
from tests.factories import place
from tests.races import at_once

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
