"""Amount lines of a new order: those that are written with it, and the total that they add up to."""

import json
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection

from orders.models import AmountKind, AmountLine, Order, OrderEvent
from orders.values import NewAmount

_LINES: Final = "INSERT INTO orders_amountline (order_id, kind, rate, amount, is_included) VALUES {rows}"
_ROW: Final = "(%s, %s, %s, %s, %s)"
_EVENT: Final = """
    INSERT INTO orders_orderevent (order_id, kind, data, at) VALUES (%s, %s, %s::jsonb, %s) RETURNING id"""


def total_of(amounts: Sequence[NewAmount]) -> int:
    """Minor units: the sum of the amounts that are not contained in others."""
    return sum(each.amount for each in amounts if not each.is_included)


def sum_of(amounts: Sequence[NewAmount], kind: AmountKind) -> int:
    """Minor units of all amounts of this kind."""
    return sum(each.amount for each in amounts if each.kind == kind)


def untaxed(*, goods: int, delivery: int) -> list[NewAmount]:
    """Goods and delivery whose tax is not determined. Free delivery has no line."""
    delivered = [NewAmount(AmountKind.DELIVERY, delivery)] if delivery else []
    return [NewAmount(AmountKind.GOODS, goods), *delivered]


def write_amounts_and_event(*, order: Order, amounts: Sequence[NewAmount], kind: str) -> OrderEvent:
    """Write the order's amount lines and the event `kind`: one statement on PostgreSQL, so that a checkout has no more.

    SQLite, to which a statement costs no round trip, has no INSERT inside another statement.
    """
    event = OrderEvent(order=order, kind=kind, data={})
    if connection.vendor == "postgresql":
        event.pk = _write_both(order, amounts, event)
        event._state.adding = False
    else:
        AmountLine.objects.bulk_create(
            AmountLine(order=order, kind=a.kind, rate=a.rate, amount=a.amount, is_included=a.is_included)
            for a in amounts
        )
        event.save(force_insert=True)
    return event


def _write_both(order: Order, amounts: Sequence[NewAmount], event: OrderEvent) -> int:
    values: list[Any] = []
    for each in amounts:
        values += [order.pk, str(each.kind), each.rate, each.amount, each.is_included]
    lines = _LINES.format(rows=", ".join([_ROW] * len(amounts)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH amounts AS ({lines}) {_EVENT}",
            [*values, order.pk, event.kind, json.dumps(event.data), event.at],
        )
        return int(cursor.fetchone()[0])
