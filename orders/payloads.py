"""Which messages does the orders app send to itself?"""

from typing import Literal

from messaging.payloads import Payload

EmailKind = Literal["placed", "paid", "payment_failed", "shipped", "cancelled", "refunded"]


class SendEmail(Payload, task="orders.send_email", routing_key="notification.send"):
    """Tell the shopper that the order has come into the state `kind`."""

    order_id: int
    kind: EmailKind


class CancelUnpaid(Payload, task="orders.cancel_unpaid", routing_key="maintenance.cancel"):
    """Cancel the order if it has stood unpaid for too long."""

    order_id: int
