"""Locks that refunds take: stock before the number of a credit note, whichever way a refund comes."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from orders.models import Order
from orders.signals import order_cancelled
from payments.reconciliation import ask_gateway, reconcile_payment
from payments.signals import refund_returned
from shop.checkout.services import LineWanted
from shop.models import CreditNote
from tests.auditing import broken
from tests.delivery import claim_task, deliver
from tests.factories import ProductFactory, place
from tests.payments.outcomes import CHARGE, capture_now
from tests.payments.refunds.refunding import refund_outside
from tests.races import at_once


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no row locks")
@pytest.mark.django_db(transaction=True)
def test_refunds_of_two_orders_for_one_product_do_not_wait_for_each_other():
    """One in two parts, whose first has a credit note before the second ends the order; the other in full."""
    lines = [LineWanted(sku=ProductFactory.create(price=1250).sku, quantity=2)]
    in_parts, in_full = paid(lines), paid(lines)
    both = Barrier(2)

    def wait(**kwargs: Any) -> None:
        with suppress(BrokenBarrierError):
            both.wait(2)

    works = [reconciling(in_parts, refunded=(1000, 1500)), reconciling(in_full, refunded=(2500,))]
    refund_returned.connect(wait)
    order_cancelled.connect(wait)
    try:
        failed = at_once(*works, refusals=(OperationalError,))
    finally:
        refund_returned.disconnect(wait)
        order_cancelled.disconnect(wait)
    assert failed == [None, None]
    assert sorted(CreditNote.objects.values_list("total", flat=True)) == [1000, 1500, 2500]
    assert not broken()


def paid(lines: list[LineWanted]) -> Order:
    order = place(lines=lines)
    deliver(claim_task(task=CHARGE))
    capture_now(order)
    order.refresh_from_db()
    return order


def reconciling(order: Order, *, refunded: Iterable[int]) -> Callable[[], None]:
    """Work that records these refunds, made outside the shop."""
    payment = order.payments.get()
    for amount in refunded:
        refund_outside(payment, amount)
    found = ask_gateway(key=payment.pk)

    def work() -> None:
        with transaction.atomic():
            reconcile_payment(key=payment.pk, found=found)

    return work
