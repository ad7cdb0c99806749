"""Reads everything recorded about one order, in a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.apps import apps
from django.db.models import Case, Q, When, Window
from django.db.models.functions import RowNumber

from messaging.models import LIVE_STATES, Attempt, Message, MessageQuerySet, QueuePause, State
from orders.amounts.tax import tax_in
from orders.amounts.texts import tax_notes
from orders.models import AmountLine, EmailDelivery, Order, OrderEvent, OrderLine
from payments.disputes.selectors import disputes_of
from payments.models import Dispute
from payments.selectors import PaymentRecords, payment_records
from shipping.models import CarrierParcel, Shipment
from shipping.selectors import parcels_at_carriers
from shop.models import StockMovement
from shop.office.parcels.services import write_off_reference

if TYPE_CHECKING:
    from messaging.operations.models import AuditEntry

#: Far more than an order normally has. Bounds the size of the page.
MESSAGES_SHOWN = 200
#: Columns of an attempt that its own page shows.
_LONG = ("traceback", "log", "exchanges")


@dataclass(frozen=True, slots=True)
class OrderRecords:
    """Rows as stored. `pauses` are those of the order's queues during its lifetime."""

    order: Order
    lines: list[OrderLine]
    amounts: list[AmountLine]
    events: list[OrderEvent]
    messages: list[Message]
    attempts: list[Attempt]
    actions: list["AuditEntry"]
    pauses: list[QueuePause]
    money: PaymentRecords
    disputes: list[Dispute]
    movements: list[StockMovement]
    shipments: list[Shipment]
    parcels: list[CarrierParcel]
    emails: list[EmailDelivery]

    @property
    def tax_notes(self) -> list[str]:
        """Sentences about the order's VAT."""
        return tax_notes(tax=tax_in(self.amounts), currency=self.order.currency)


def order_records(*, order_id: int) -> OrderRecords:
    """Raises `Order.DoesNotExist`."""
    order = Order.objects.select_related("user").get(pk=order_id)
    messages = _messages_shown(order)
    ids = [message.pk for message in messages]
    return OrderRecords(
        order=order,
        lines=list(order.lines.all()),
        amounts=list(order.amount_lines.all()),
        events=list(order.events.all()),
        messages=messages,
        attempts=list(Attempt.objects.filter(message__in=ids).defer(*_LONG).order_by("ended_at", "id")),
        actions=_actions(ids),
        pauses=_pauses(messages, since=order.placed_at),
        money=payment_records(order_id=order.pk),
        disputes=disputes_of(order=order),
        movements=list(
            StockMovement.objects.filter(reference__in=(order.number, write_off_reference(order))).select_related(
                "product"
            )
        ),
        shipments=list(order.shipments.order_by("shipped_at")),
        parcels=parcels_at_carriers(order_number=order.number),
        emails=list(order.emails.all()),
    )


def order_messages(*, order: Order) -> MessageQuerySet:
    return Message.objects.filter(subject=order.number)


def _messages_shown(order: Order) -> list[Message]:
    """Oldest first; of more than `MESSAGES_SHOWN`, the unsettled ones, and then the newest of each task.

    A parcel that is on its way for days is tracked by hundreds of them, which must not hide a refund that is dead.
    """
    is_settled = Case(When(state__in=(*LIVE_STATES, State.DEAD), then=0), default=1)
    rank = Window(RowNumber(), partition_by="task", order_by="-id")
    ranked = order_messages(order=order).annotate(is_settled=is_settled, rank=rank)
    shown = ranked.order_by("is_settled", "rank", "-id").values("pk")[:MESSAGES_SHOWN]
    return list(Message.objects.filter(pk__in=shown).order_by("id"))


def _actions(message_ids: Sequence[UUID]) -> list["AuditEntry"]:
    """Operators' actions on these messages; empty if the desk is not installed."""
    if not apps.is_installed("messaging.operations"):
        return []
    from messaging.operations.models import AuditEntry

    return list(AuditEntry.objects.filter(message_id__in=message_ids).order_by("id"))


def _pauses(messages: Sequence[Message], *, since: datetime) -> list[QueuePause]:
    until = max((message.finished_at for message in messages if message.finished_at), default=None)
    overlapping = QueuePause.objects.filter(Q(resumed_at=None) | Q(resumed_at__gt=since))
    if until is not None and all(message.finished_at for message in messages):
        overlapping = overlapping.filter(paused_at__lt=until)
    return list(overlapping.filter(queue__in={message.queue for message in messages}).order_by("paused_at"))
