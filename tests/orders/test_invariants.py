"""Invariants of orders: every unfinished order has a message that will move it forward."""

import pytest

from messaging.models import Message, State
from orders.models import Order, Status
from tests.auditing import broken
from tests.delivery import deliver_all
from tests.factories import place, place_and_acknowledge

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "every unfinished order has a message that will move it forward"


def test_new_and_finished_orders_break_no_invariant():
    place()
    assert broken() == {}
    deliver_all()
    assert Order.objects.get().status == Status.DELIVERED
    assert broken() == {}


def test_an_order_whose_message_is_gone_is_reported():
    order = place_and_acknowledge()
    Message.objects.filter(task="payments.charge_payment").delete()
    assert Message.objects.live().filter(task="orders.send_email", subject=order.number).exists()
    assert order.number in broken()[NAME]


def test_a_dead_message_explains_an_order_and_a_discarded_one_does_not():
    order = place()
    Message.objects.update(state=State.DEAD)
    assert NAME not in broken()
    Message.objects.update(state=State.DISCARDED)
    assert order.number in broken()[NAME]
