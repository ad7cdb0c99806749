"""Places orders: an order with its lines, its amounts and its first event, in one transaction."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from orders import signals
from orders.models import AmountKind, Order, OrderEvent, OrderLine, Status, default_language, new_number
from orders.placing.amounts import sum_of, total_of, write_amounts_and_event
from orders.values import Address, NewAmount, NewLine


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What `place_order` wrote, so that nobody has to read it again."""

    order: Order
    lines: Sequence[OrderLine]
    amounts: Sequence[NewAmount]
    event: OrderEvent


@transaction.atomic(savepoint=False)
def place_order(
    *,
    email: str,
    name: str,
    address: Address,
    shipping_method: str,
    source: str,
    currency: str,
    lines: Sequence[NewLine],
    amounts: Sequence[NewAmount],
    payment_method: str,
    user: Any = None,
    number: str | None = None,
    language: str = "",
    placed_at: datetime | None = None,
) -> NewOrder:
    """Create an order with its lines and amounts, and announce it. Its total is the sum of `amounts`, in minor units.

    `user` is the signed-in customer (an instance of the project's user model), or None for a guest. `number`, from
    `new_number()`, is for callers that need it earlier. `language` is one of `LANGUAGES`, by default the project's.
    """
    order = Order.objects.create(
        number=number or new_number(),
        user=user,
        email=email,
        name=name,
        **asdict(address),
        shipping_method=shipping_method,
        source=source,
        language=language or default_language(),
        currency=currency,
        subtotal=sum_of(amounts, AmountKind.GOODS),
        shipping_price=sum_of(amounts, AmountKind.DELIVERY),
        total=total_of(amounts),
        placed_at=placed_at or timezone.now(),
    )
    written = _write_lines(order, lines)
    event = write_amounts_and_event(order=order, amounts=amounts, kind=Status.PLACED.value)
    signals.order_placed.send(sender=Order, order=order, payment_method=payment_method)
    return NewOrder(order, written, amounts, event)


def _write_lines(order: Order, lines: Sequence[NewLine]) -> Sequence[OrderLine]:
    return OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            sku=line.sku,
            name=line.name,
            unit_price=line.unit_price,
            quantity=line.quantity,
            tax_rate=line.tax_rate,
        )
        for line in lines
    )
