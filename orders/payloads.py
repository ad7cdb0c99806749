"""Which messages does the orders app send to itself?"""

from typing import Literal

from messaging.payloads import Payload

EmailKind = Literal["placed", "paid", "payment_failed", "shipped", "cancelled", "refunded", "partly_refunded"]


class SendEmail(
    Payload, task="orders.send_email", routing_key="notification.send", version=2, lifts={1: lambda data: data}
):
    """Tell the shopper that the order has come into the state `kind`, or that part of its money was given back.

    `amount` is what was given back now and `left` what stays paid, in minor units; zero for every other kind.
    """

    order_id: int
    kind: EmailKind
    amount: int = 0
    left: int = 0


class CancelUnpaid(Payload, task="orders.cancel_unpaid", routing_key="maintenance.cancel"):
    """Cancel the order if it has stood unpaid for too long."""

    order_id: int


class ExpireReservations(Payload, task="orders.expire_reservations", routing_key="maintenance.expire"):
    """Look for orders that hold goods although their payment was never decided on, and have them cancelled."""
