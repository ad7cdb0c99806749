"""Completes orders that an older release placed beside this one, without amount lines."""

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from orders.models import AmountLine, Order
from orders.placing.amounts import untaxed

BATCH = 500


def without_amounts() -> QuerySet[Order]:
    return Order.objects.filter(~Exists(AmountLine.objects.filter(order=OuterRef("pk")))).order_by("pk")


def complete_amounts() -> int:
    """Write the goods and delivery of each order without amounts; its tax stays undetermined. Returns how many."""
    completed = 0
    while batch := _complete_batch():
        completed += batch
    return completed


@transaction.atomic(savepoint=False)
def _complete_batch() -> int:
    """Looks again once it has locked the orders: another run may have completed them."""
    found = list(without_amounts().values_list("pk", flat=True)[:BATCH])
    list(Order.objects.select_for_update().filter(pk__in=found).order_by("pk").values_list("pk"))
    orders = list(without_amounts().filter(pk__in=found))
    AmountLine.objects.bulk_create(
        AmountLine(order=order, kind=each.kind, amount=each.amount)
        for order in orders
        for each in untaxed(goods=order.subtotal, delivery=order.shipping_price)
    )
    return len(found)
