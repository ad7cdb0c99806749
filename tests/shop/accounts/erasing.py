"""Erasures in tests: an account that is closed, and the slices of its erasure."""

from typing import Any

from django.db.models import QuerySet

from messaging import clock
from messaging.models import Message, State
from messaging.outbox import enqueue, transaction
from messaging.topology import Priority
from orders.models import Order
from orders.payloads import SendEmail
from shop.accounts.closing import close_account
from shop.models import User
from shop.payloads import EraseAccount
from tests.delivery import claim_task, deliver


def erase(*, user: User) -> None:
    """Close an account and erase it, as far as nothing is in its way."""
    close_account(user=user)
    deliver_slices()


def deliver_slices(*, limit: int = 50) -> int:
    """Deliver the slices that are due, one after the other. Returns how many."""
    delivered = 0
    while delivered < limit and slices().filter(available_at__lte=clock.moment()).exists():
        assert deliver(claim_task(task=EraseAccount.task)) == State.DONE
        delivered += 1
    return delivered


def slices() -> QuerySet[Message]:
    """The slices that are to come."""
    return Message.objects.filter(task=EraseAccount.task, state=State.PENDING)


def next_slice() -> str:
    return deliver(claim_task(task=EraseAccount.task))


def about(order: Order, **values: Any) -> Message:
    """A message about an order, in some state."""
    with transaction():
        message = enqueue(SendEmail(order_id=order.pk, kind="paid"), priority=Priority.LOW, subject=order.number)
    Message.objects.filter(pk=message.pk).update(**values)
    return message
