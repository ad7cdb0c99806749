"""Invariants of orders: every unfinished order has a message that will move it forward, and its amounts add up."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.models import Message, State
from orders.invariants import tax_agrees_with_its_rate
from orders.models import AmountLine, Order, Status
from orders.values import Address
from shop.tax.amounts import amounts_at
from tests.auditing import broken
from tests.delivery import deliver_all
from tests.factories import place, place_and_acknowledge

pytestmark = pytest.mark.django_db(transaction=True)
ADDS_UP = "every order's total is the sum of its amounts"
AGREES = "every order's tax is what its amounts contain at their rate"
GOODS = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 10**9)), min_size=1, max_size=6)
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


def taxed() -> Order:
    """€25.00 of goods and €9.90 of delivery to Germany: €5.57 are tax."""
    return place(shipping_method="express", address=Address("Weg 1", "Berlin", "10115", "DE"))


def test_amounts_of_any_order_break_no_invariant():
    taxed()
    place()
    assert broken().keys().isdisjoint({ADDS_UP, AGREES})


def test_an_order_without_amounts_is_reported():
    order = taxed()
    order.amount_lines.all().delete()
    assert broken()[ADDS_UP] == f"Order {order.number} has a total of 3490, but it has no amounts."


def test_an_order_whose_amounts_add_up_to_something_else_is_reported():
    order = taxed()
    order.amount_lines.filter(kind="delivery").update(amount=989)
    assert broken()[ADDS_UP] == f"Order {order.number} has a total of 3490, but its amounts add up to 3489."


@pytest.mark.parametrize("tax", [556, 558, 0, -557])
def test_a_tax_that_is_a_cent_off_is_reported(tax):
    order = taxed()
    order.amount_lines.filter(kind="tax").update(amount=tax)
    assert order.number in broken()[AGREES]


def test_a_tax_that_is_missing_or_of_nothing_is_reported():
    order, other = taxed(), taxed()
    order.amount_lines.filter(kind="tax").delete()
    other.amount_lines.create(kind="tax", rate=700, amount=1, is_included=True)
    assert order.number in broken()[AGREES]
    assert other.number in broken()[AGREES]


@given(goods=GOODS, delivery=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_audit_rounds_as_checkout_does(goods, delivery):
    with transaction.atomic():
        order = Order.objects.create(subtotal=0, total=0, currency="EUR", email="", name="", country="DE")
        lines = amounts_at(goods=goods, delivery=delivery)
        AmountLine.objects.bulk_create(
            AmountLine(order=order, kind=a.kind, rate=a.rate, amount=a.amount, is_included=a.is_included) for a in lines
        )
        assert list(tax_agrees_with_its_rate(Order.objects.filter(pk=order.pk))) == []
        transaction.set_rollback(True)
