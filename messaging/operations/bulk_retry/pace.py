"""How many messages may go now, and when does the driver look again?

The rate holds in every window of one second, however long relays, brokers or drivers stood still before: what was sent
within the last second and what is due but not sent yet count against it, and only the rest may go. Let R be sent within
the second before a release, U due and unsent, and at most rate − R − U be released. Any second then sees at most the
rate: if its last release lies in it, all else that it sees is in R or U; if that lies before it, all it sees was in U
or released then. Nothing is kept for it, so that nothing is lost when a driver is killed.
"""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from messaging.models import State
from messaging.operations.models import SETTLED, BulkItem, BulkOperation, ItemOutcome

WINDOW = timedelta(seconds=1)
#: So many seconds' worth may be under way. More would only wait in a queue, where nothing can stop it any more.
UNDER_WAY_SECONDS, UNDER_WAY_AT_LEAST = 10, 100
#: Seconds between two turns while messages go; and at most while some wait, and while only the last ones are awaited.
QUICK, LONGEST_WAITING, LONGEST_AWAITING = 0.2, 5.0, 30.0


def allowance(operation: BulkOperation, *, now: datetime) -> int:
    """How many messages may be released now. `operation.sent` must be up to date."""
    most = max(UNDER_WAY_AT_LEAST, UNDER_WAY_SECONDS * operation.rate) - operation.sent
    most = min(most, operation.waiting)
    if not operation.canary_passed:
        most = min(most, operation.canary - canary_of(operation).count())
    if most <= 0:
        return 0
    return max(0, min(most, operation.rate - _used(operation, now=now)))


def canary_of(operation: BulkOperation) -> QuerySet[BulkItem]:
    """The items that have gone since the present canary began."""
    gone = (ItemOutcome.SENT, *SETTLED)
    return operation.items.filter(outcome__in=gone, position__gte=operation.canary_from)


def seconds_until_next_turn(operation: BulkOperation, *, released: int, now: datetime) -> float:
    """Quick while messages go; the longer nothing has happened, the slower."""
    if released or operation.progress_at is None:
        return QUICK
    longest = LONGEST_WAITING if operation.waiting else LONGEST_AWAITING
    return min(longest, max(QUICK, (now - operation.progress_at).total_seconds() / 4))


def _used(operation: BulkOperation, *, now: datetime) -> int:
    """Retries of what failed at first count, too: those of the last second, and those of the next."""
    recent = operation.items.filter(Q(outcome=ItemOutcome.SENT) | Q(outcome__in=SETTLED, at__gt=now - WINDOW))
    busy = Q(message__sent_at__gt=now - WINDOW) | Q(
        message__state=State.PENDING, message__available_at__lt=now + WINDOW
    )
    return recent.filter(busy).count()
