"""A step of a lesson, and the rows that steps are read from: those of orders that are not the demo's own."""

from dataclasses import dataclass

from django.db.models import QuerySet

from messaging.models import Message
from messaging.models.message import MessageQuerySet
from messaging.operations.models import AuditEntry
from orders.models import IdempotencyKey, Order, Status
from payments.payloads import ChargePayment
from shop.demo.seed_orders import CLIENT

ARRIVING = (Status.SHIPPED, Status.DELIVERED)


@dataclass(frozen=True, slots=True)
class Step:
    """`what` is true once it is done; `hint` says how to get there."""

    what: str
    is_done: bool
    hint: str


def orders_of_yours(*, card: str = "") -> QuerySet[Order]:
    """Orders that the demo did not place itself; with `card`, those that chose this payment method."""
    found = Order.objects.exclude(pk__in=IdempotencyKey.objects.filter(client=CLIENT).values("order"))
    return found.filter(payments__method=card) if card else found


def charges(orders: QuerySet[Order]) -> MessageQuerySet:
    return messages_of(orders, task=ChargePayment.task)


def messages_of(orders: QuerySet[Order], *, task: str) -> MessageQuerySet:
    return Message.objects.filter(task=task, subject__in=orders.values("number"))


def done_to(process: str, action: str) -> QuerySet[AuditEntry]:
    """When you killed, stopped or started this process, oldest first; `action` is as the audit log names it."""
    return AuditEntry.objects.filter(action=action, data__process=process).order_by("pk")
