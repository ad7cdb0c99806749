"""Completes orders that an older release placed beside this one, without amount lines."""

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from orders.models import AmountLine, Order
from orders.placing.amounts import untaxed

#: Orders that a statement looks at.
BATCH = 500


def complete_amounts() -> int:
    """Write the goods and delivery of each order without amounts; its tax stays undetermined. Returns how many."""
    completed, after = 0, 0
    while ids := list(Order.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        after = ids[-1]
        completed += _complete(Order.objects.filter(pk__gte=ids[0], pk__lte=after))
    return completed


@transaction.atomic(savepoint=False)
def _complete(orders: QuerySet[Order]) -> int:
    """Looks again once it has locked the orders: another run may have completed them."""
    found = list(_without_amounts(orders).values_list("pk", flat=True))
    if not found:
        return 0
    list(Order.objects.select_for_update(no_key=True).filter(pk__in=found).order_by("pk").values_list("pk"))
    left = list(_without_amounts(Order.objects.filter(pk__in=found)))
    AmountLine.objects.bulk_create(
        AmountLine(order=order, kind=each.kind, amount=each.amount)
        for order in left
        for each in untaxed(goods=order.subtotal, delivery=order.shipping_price)
    )
    return len(left)


def _without_amounts(orders: QuerySet[Order]) -> QuerySet[Order]:
    return orders.filter(~Exists(AmountLine.objects.filter(order=OuterRef("pk")))).order_by("pk")
