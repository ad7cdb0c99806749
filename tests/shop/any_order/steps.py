"""Helpers of the state machine test: draw rows, publish messages, locate an order's items."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from hypothesis import strategies as st

from messaging.models import Message, State
from orders.models import Order, Status
from shipping.models import STRANDED, Shipment
from shop.models import StockMovement

#: Affect neither stock nor money.
MAILS = "orders.send_email"


def one_of(data: st.DataObject, rows: QuerySet[Any]) -> Any:
    """One of the rows, drawn oldest first so that hypothesis can shrink; None if there are none."""
    found = list(rows.order_by("pk"))
    return data.draw(st.sampled_from(found)) if found else None


def pending() -> QuerySet[Message]:
    """All pending messages except e-mails."""
    return Message.objects.filter(state=State.PENDING).exclude(task=MAILS)


def publish(message: Message) -> None:
    """Mark as sent, as the relay does, whether due or not."""
    message.state, message.sent_at, message.sends = State.SENT, timezone.now(), message.sends + 1
    message.save(update_fields=["state", "sent_at", "sends"])


def pieces(order: Order) -> int:
    return sum(order.lines.values_list("quantity", flat=True))


def out(order: Order) -> int:
    """Pieces that the order holds; lost ones are written off under another reference."""
    return -sum(StockMovement.objects.filter(reference=order.number).values_list("quantity", flat=True))


def may_be_out(order: Order) -> tuple[int, ...]:
    """Pieces: none if unpaid, all if delivered; otherwise they may have been restocked or not."""
    if order.status == Status.PAYMENT_FAILED:
        return (0,)
    return (pieces(order),) if order.status == Status.DELIVERED else (0, pieces(order))


def is_stranded(order: Order) -> bool:
    """Its parcel was lost or returned and needs a decision."""
    return Shipment.objects.filter(current_for=order, status__in=STRANDED).exists()
