"""Event types, and the body of an event: thin, stable, and without personal data."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from orders.models import Order

TEST: Final = "webhook.test"
#: What endpoints can subscribe to. A type is never renamed, and its fields only grow.
TYPES: Final = (
    "order.placed", "order.action_required", "order.processing", "order.paid", "order.payment_failed",
    "order.shipped", "order.delivered", "order.cancelled", "order.partly_refunded", "order.refunded",
)  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OrderPart(_Part):
    """Amounts are minor units of `currency`."""

    number: str
    status: str
    total: int
    currency: str


class ParcelPart(_Part):
    carrier: str
    tracking_number: str


class RefundPart(_Part):
    """`amount` was refunded now; `left` has not been refunded. Minor units."""

    amount: int
    left: int


class Data(_Part):
    """`order` is absent in test events only; `parcel` is of `order.shipped`, `refund` of `order.partly_refunded`."""

    order: OrderPart | None = None
    parcel: ParcelPart | None = None
    refund: RefundPart | None = None


class Event(_Part):
    """The body of every request. `timestamp` is when it happened, not when it was sent."""

    type: str = Field(examples=list(TYPES))
    timestamp: datetime
    data: Data

    def as_body(self) -> str:
        """JSON in ASCII without what is absent. These very characters are signed and sent."""
        return self.model_dump_json(exclude_none=True)


def order_part(order: Order) -> OrderPart:
    return OrderPart(number=order.number, status=str(order.status), total=order.total, currency=order.currency)
