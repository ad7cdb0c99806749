"""Erasures in tests: an account that is closed, and the slices of its erasure."""

from django.db.models import QuerySet

from messaging import clock
from messaging.models import Message, State
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
