"""Message payloads of the orders app."""

from typing import Literal

from messaging.payloads import Payload

EmailKind = Literal[
    "placed",
    "action_required",
    "processing",
    "paid",
    "payment_failed",
    "shipped",
    "cancelled",
    "refunded",
    "partly_refunded",
]


class SendEmail(
    Payload,
    task="orders.send_email",
    routing_key="notification.send",
    version=3,
    lifts={1: lambda data: data, 2: lambda data: data},
):
    """E-mail the customer that the order has reached status `kind`, or was partly refunded.

    Both in minor units, and zero for every kind but `partly_refunded`: `amount` is this refund, `left` what is not
    refunded.
    """

    order_id: int
    kind: EmailKind
    amount: int = 0
    left: int = 0


class AcknowledgeOrders(Payload, task="orders.acknowledge_orders", routing_key="maintenance.acknowledge"):
    """E-mail the customers whose payment has been undecided for a while that their order was received."""


class CancelUnpaid(Payload, task="orders.cancel_unpaid", routing_key="maintenance.cancel"):
    """Cancel the order if its payment deadline has passed."""

    order_id: int


class ExpireReservations(Payload, task="orders.expire_reservations", routing_key="maintenance.expire"):
    """Cancel orders that still reserve stock after their payment deadline."""
