"""Each change of a state in the database is compared with its transition table, whether or not it is committed."""

import pytest
from django.db import transaction

from messaging.models import Message, State
from orders.models import Order, Status
from tests.factories import place
from tests.states.tables import NEW
from tests.states.watch import watched

pytestmark = pytest.mark.django_db(transaction=True)


def test_changes_that_the_tables_have_are_seen():
    with watched() as changes:
        order = place()
        Order.objects.update(status=Status.PAID)
        Order.objects.update(status=Status.PAID, name="Ada")
    assert changes.seen["orders_order", (NEW, "placed")] == 1
    assert changes.seen["orders_order", ("placed", "paid")] == 1
    assert changes.seen["messaging_message", (NEW, "pending")] == Message.objects.filter(subject=order.number).count()
    assert not changes.forbidden


def test_a_change_that_its_table_does_not_have_is_found():
    order = place()
    with watched() as changes:
        Order.objects.filter(pk=order.pk).update(status=Status.DELIVERED)
        Message.objects.update(state=State.DISCARDED)
    assert changes.forbidden[0] == "orders_order from placed to delivered"
    assert set(changes.forbidden[1:]) == {"messaging_message from pending to discarded"}


def test_a_change_that_is_rolled_back_is_found():
    order = place()
    with watched() as changes, transaction.atomic():
        order.status = Status.SHIPPED
        order.save()
        transaction.set_rollback(True)
    assert changes.forbidden == ["orders_order from placed to shipped"]


def test_a_row_that_begins_with_a_later_state_is_found():
    with watched() as changes:
        place()
        Order.objects.create(currency="CHF", subtotal=0, total=0, status=Status.PAID)
    assert changes.forbidden == [f"orders_order from {NEW} to paid"]


def test_nothing_is_seen_once_the_watch_has_ended():
    with watched() as changes:
        pass
    place()
    assert not changes.seen
