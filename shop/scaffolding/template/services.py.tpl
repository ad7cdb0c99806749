"""Writes of $name."""

from extensions.$name.models import Entry
from extensions.$name.payloads import RecordOrder
from messaging.outbox import enqueue
from messaging.topology import Priority
from orders.models import Order


def request_record(*, order: Order) -> None:
    """Enqueue the record of an order, in the caller's transaction."""
    enqueue(RecordOrder(order_id=order.pk), priority=Priority.LOW, subject=order.number)


def record_order(*, order_id: int) -> None:
    Entry.objects.create(order_id=order_id)
