"""Invariant of accounts: an erasure that has begun will end."""

from collections.abc import Iterator
from itertools import islice

from messaging import clock
from messaging.invariants import invariant
from messaging.models import Message
from shop.accounts.services import subject_of
from shop.models import Erasure
from shop.payloads import EraseAccount

MAX_REPORTED = 50


@invariant("every erasure under way has a message that will continue it")
def erasures_continue() -> Iterator[str]:
    """One that an operator has discarded erases nothing. Erasures under way are few, so all are checked."""
    messages = Message.objects.unsettled().filter(task=EraseAccount.task)
    begun = Erasure.objects.select_related("user").order_by("pk").iterator()
    stuck = (erasure for erasure in begun if not messages.filter(subject=subject_of(erasure.user)).exists())
    for erasure in islice(stuck, MAX_REPORTED):
        since = clock.text(erasure.requested_at)
        yield f"The erasure of account {erasure.pk}, requested at {since}, has no live or dead message."
