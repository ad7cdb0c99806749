"""What a return is worth: its accepted pieces at the price paid, and the delivery price if everything came back."""

from collections.abc import Iterable
from typing import Final

from django.db.models import Sum

from orders.models import Order, ShippingMethod
from shop.checkout.shipping_options import shipping_price
from shop.models import Return, ReturnLine, ReturnStatus
from shop.returns.selectors import delivered_at, return_deadline

#: The withdrawal period of Directive 2011/83/EU (article 9), after which `CONVEYOR_RETURN_DAYS` is the shop's courtesy.
WITHDRAWAL_DAYS: Final = 14


def value_of(*, found: Return, accepted: Iterable[tuple[ReturnLine, int]]) -> int:
    """Minor units. `accepted` are the return's lines, each with the number of pieces that are accepted now."""
    decided = list(accepted)
    goods = sum(line.order_line.unit_price * pieces for line, pieces in decided)
    is_whole = _accepted_before(found) + sum(pieces for _line, pieces in decided) == _bought(found.order)
    return goods + (delivery_price(order=found.order) if goods and is_whole and _is_withdrawal(found.order) else 0)


def delivery_price(*, order: Order) -> int:
    """What the shop owes back for the delivery: at most that of standard delivery (article 13, paragraph 2)."""
    if order.shipping_method == ShippingMethod.STANDARD:
        return order.shipping_price
    return min(order.shipping_price, shipping_price(shipping_method=ShippingMethod.STANDARD))


def _bought(order: Order) -> int:
    return order.lines.aggregate(pieces=Sum("quantity"))["pieces"] or 0


def _accepted_before(found: Return) -> int:
    """Pieces of returns that were received earlier, so that only the one that completes the order is of all of it."""
    earlier = ReturnLine.objects.filter(parent__order=found.order_id).exclude(parent=found)
    if found.received_at is not None:
        earlier = earlier.filter(parent__received_at__lt=found.received_at)
    return earlier.aggregate(pieces=Sum("accepted"))["pieces"] or 0


def _is_withdrawal(order: Order) -> bool:
    """Whether everything was given back within the withdrawal period, which each request has to be in."""
    delivered = delivered_at(events=order.events.all())
    if delivered is None:
        return False
    until = return_deadline(delivered_at=delivered, days=WITHDRAWAL_DAYS)
    counted = order.returns.exclude(status__in=(ReturnStatus.CANCELLED, ReturnStatus.REJECTED))
    return not counted.filter(requested_at__gte=until).exists()
