"""What do all apps and tables know of one order? Read with the same number of statements for any order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from messaging.models import Attempt, AuditEntry, Message, QueuePause
from orders.models import EmailDelivery, Order, OrderEvent, OrderLine
from payments.selectors import PaymentRecords, payment_records
from shipping.models import CarrierParcel, Shipment
from shipping.selectors import parcels_at_carriers
from shop.models import StockMovement
from shop.parcels.goods import written_off

#: More messages than any order has; a bound all the same, so that no page grows without one.
MESSAGES_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Records:
    """As they stand in the tables; `pauses` are those of the order's queues during its life."""

    order: Order
    lines: list[OrderLine]
    events: list[OrderEvent]
    messages: list[Message]
    attempts: list[Attempt]
    deeds: list[AuditEntry]
    pauses: list[QueuePause]
    money: PaymentRecords
    movements: list[StockMovement]
    shipments: list[Shipment]
    parcels: list[CarrierParcel]
    emails: list[EmailDelivery]


def records(*, order_id: int) -> Records:
    """Raises `Order.DoesNotExist`."""
    order = Order.objects.select_related("user").get(pk=order_id)
    messages = list(Message.objects.filter(subject=order.number).order_by("id")[:MESSAGES_SHOWN])
    ids = [message.pk for message in messages]
    return Records(
        order=order,
        lines=list(order.lines.all()),
        events=list(order.events.all()),
        messages=messages,
        attempts=list(Attempt.objects.filter(message__in=ids).defer("traceback").order_by("ended_at", "id")),
        deeds=list(AuditEntry.objects.filter(message_id__in=ids).order_by("id")),
        pauses=_pauses(messages, since=order.placed_at),
        money=payment_records(order_id=order.pk),
        movements=list(
            StockMovement.objects.filter(reference__in=(order.number, written_off(order))).select_related("product")
        ),
        shipments=list(order.shipments.order_by("shipped_at")),
        parcels=parcels_at_carriers(order_number=order.number),
        emails=list(order.emails.all()),
    )


def _pauses(messages: Sequence[Message], *, since: datetime) -> list[QueuePause]:
    until = max((message.finished_at for message in messages if message.finished_at), default=None)
    lasted = QueuePause.objects.filter(Q(resumed_at=None) | Q(resumed_at__gt=since))
    if until is not None and all(message.finished_at for message in messages):
        lasted = lasted.filter(paused_at__lt=until)
    return list(lasted.filter(queue__in={message.queue for message in messages}).order_by("paused_at"))
