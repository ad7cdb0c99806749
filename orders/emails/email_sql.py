"""The three statements that every e-mail costs beside its message, as SQL: read its order, claim it, mark it as sent.

By the ORM they took four times the CPU, and the order with its lines and event three statements (bench/emails.py).
"""

import json
import uuid
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from messaging import clock
from messaging.models.parameters import id_parameter
from orders.models import Order
from orders.values import NewAmount

_ORDER: Final = """
    SELECT o.number, o.public_id, o.email, o.name, o.language, o.currency, o.shipping_price, o.total, o.status,
        o.anonymised_at IS NOT NULL,
        EXISTS (SELECT 1 FROM orders_orderevent WHERE order_id = o.id AND kind = 'paid'),
        (SELECT data FROM orders_orderevent WHERE order_id = %s AND kind = %s ORDER BY at DESC, id DESC LIMIT 1),
        {amounts}, line.quantity, line.name, line.unit_price
    FROM orders_order o LEFT JOIN orders_orderline line ON line.order_id = o.id
    WHERE o.id = %s ORDER BY line.id"""
_AMOUNTS: Final = "FROM orders_amountline WHERE order_id = o.id"
_AMOUNTS_AS_JSON: Final = {
    "postgresql": f"(SELECT json_agg(json_build_array(kind, amount, rate, is_included))::text {_AMOUNTS})",
    "sqlite": f"(SELECT json_group_array(json_array(kind, amount, rate, is_included)) {_AMOUNTS})",
}
_CLAIM: Final = """
    INSERT INTO orders_emaildelivery (message_id, order_id, kind, state, replayed_from, claimed_at)
    VALUES (%s, %s, %s, 'sending', COALESCE((SELECT replayed_from FROM messaging_message WHERE id = %s), 0), {now})
    ON CONFLICT (message_id) DO NOTHING"""
_SENT: Final = """
    UPDATE orders_emaildelivery SET state = 'sent', sent_at = {now} WHERE message_id = %s AND state = 'sending'"""


@dataclass(frozen=True)
class EmailedLine:
    quantity: int
    name: str
    unit_price: int

    @property
    def total(self) -> int:
        """Minor units of the order's currency."""
        return self.unit_price * self.quantity


@dataclass(frozen=True)
class EmailedOrder:
    """What e-mails say about an order. `data` is that of its latest event of the e-mail's kind.

    `was_paid`: its payment was once approved. Whether the money was captured, or only reserved, the payment knows.
    """

    lines: list[EmailedLine]
    amounts: list[NewAmount]
    data: dict[str, Any]
    number: str
    public_id: str
    email: str
    name: str
    language: str
    currency: str
    shipping_price: int
    total: int
    status: str
    is_anonymised: bool
    was_paid: bool


def read_order(*, order_id: int, kind: str) -> EmailedOrder:
    """Raises `Order.DoesNotExist`."""
    with connection.cursor() as cursor:
        cursor.execute(_ORDER.format(amounts=_AMOUNTS_AS_JSON[connection.vendor]), [order_id, kind, order_id])
        rows = cursor.fetchall()
    if not rows:
        raise Order.DoesNotExist("Order matching query does not exist.")
    lines = [EmailedLine(*row[13:]) for row in rows if row[13] is not None]
    amounts = [NewAmount(k, amount, rate, bool(inside)) for k, amount, rate, inside in json.loads(rows[0][12] or "[]")]
    return EmailedOrder(lines, amounts, json.loads(rows[0][11] or "{}"), *rows[0][:11])


def claim(*, message_id: uuid.UUID, order_id: int | None, kind: str) -> bool:
    """Record that the message's e-mail is being sent. False: some run has claimed it before.

    The message's `replayed_from` is read by the INSERT itself; 0 without a row, as where the ledger is bypassed.
    """
    id_, (now, moment) = id_parameter(message_id), clock.in_sql()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(now=now), [id_, order_id, kind, id_, *moment])
        return cursor.rowcount == 1


def mark_sent(*, message_id: uuid.UUID) -> None:
    now, moment = clock.in_sql()
    with connection.cursor() as cursor:
        cursor.execute(_SENT.format(now=now), [*moment, id_parameter(message_id)])
