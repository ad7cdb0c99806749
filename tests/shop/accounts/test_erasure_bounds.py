"""Bounds of an erasure: neither its statements nor the rows of one of them grow with the account."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.models import Message, State
from orders.models import Order, Status
from shop.accounts import erasure
from shop.accounts.closing import close_account
from shop.models import User
from tests.factories import UserFactory
from tests.shop.accounts.erasing import about, deliver_slices, erase, next_slice

pytestmark = pytest.mark.django_db(transaction=True)


def many_orders(user: User, count: int) -> None:
    """Delivered orders as bare rows, as a slice reads them."""
    money = {"currency": "EUR", "subtotal": 0, "total": 0}
    values = {
        "user": user,
        "email": user.email,
        "name": "Zoe Quillfeather",
        "country": "CH",
        "status": Status.DELIVERED,
    }
    Order.objects.bulk_create(Order(**values, **money) for _ in range(count))


def test_a_slice_takes_as_many_statements_for_many_orders_as_for_two():
    counts = []
    for count in (1, 2, 60):  # the first also reads content types, which are cached
        user = UserFactory.create()
        many_orders(user, count)
        close_account(user=user)
        with CaptureQueriesContext(connection) as captured:
            assert next_slice() == State.DONE
        counts.append(len(captured))
        deliver_slices()
    assert counts[1] == counts[2]


def test_no_statement_of_an_erasure_grows_with_the_orders_of_the_account_or_with_their_messages():
    user = UserFactory.create()
    many_orders(user, 2 * erasure.ROWS + 50)
    order = Order.objects.filter(user=user).latest("pk")
    copy = about(order, state=State.DONE)
    values = Message.objects.values().get(pk=copy.pk)
    del values["id"]
    Message.objects.bulk_create((Message(**values) for _ in range(2500)), batch_size=500)
    sizes = []

    def measure(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sizes.append(len(params or ()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(measure):
        erase(user=user)
    assert not User.objects.filter(pk=user.pk).exists()
    assert max(sizes) <= 1001
