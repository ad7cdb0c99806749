"""Rate limit of a bulk retry, and the delay between turns of its driver.

The rate holds in every one-second window, even after relays, brokers or drivers stood still. Let R be the messages sent
within the second before a release and U those due but not sent yet: at most rate − R − U are released. If a window
contains its last release, everything else it sees is in R or U; if not, everything it sees was in U or in that release.
No state is kept for this, so a killed driver loses none.
"""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from messaging.models import State
from messaging.operations.models import SETTLED, BulkItem, BulkOperation, ItemOutcome

WINDOW = timedelta(seconds=1)
#: Seconds' worth of messages that may be in flight. More would wait in a queue, where a stop can no longer reach them.
IN_FLIGHT_SECONDS, IN_FLIGHT_MINIMUM = 10, 100
#: Seconds between turns: while messages are released, at most while some are waiting, and at most once all are sent.
QUICK, LONGEST_WAITING, LONGEST_SENT = 0.2, 5.0, 30.0


def allowance(operation: BulkOperation, *, now: datetime) -> int:
    """How many messages may be released now. `operation.sent` must be up to date."""
    most = max(IN_FLIGHT_MINIMUM, IN_FLIGHT_SECONDS * operation.rate) - operation.sent
    most = min(most, operation.waiting)
    if not operation.canary_passed:
        most = min(most, operation.canary - canary_items(operation).count())
    if most <= 0:
        return 0
    return max(0, min(most, operation.rate - _used(operation, now=now)))


def canary_items(operation: BulkOperation) -> QuerySet[BulkItem]:
    """The items sent since the current canary began."""
    sent = (ItemOutcome.SENT, *SETTLED)
    return operation.items.filter(outcome__in=sent, sent_in__gte=operation.canary_from)


def seconds_until_next_turn(operation: BulkOperation, *, released: int, now: datetime) -> float:
    """Short while messages are released; the longer nothing has changed, the longer."""
    if released or operation.progress_at is None:
        return QUICK
    longest = LONGEST_WAITING if operation.waiting else LONGEST_SENT
    return min(longest, max(QUICK, (now - operation.progress_at).total_seconds() / 4))


def _used(operation: BulkOperation, *, now: datetime) -> int:
    """Automatic retries count as well: those of the last second and those due within the next."""
    recent = operation.items.filter(Q(outcome=ItemOutcome.SENT) | Q(outcome__in=SETTLED, at__gt=now - WINDOW))
    busy = Q(message__sent_at__gt=now - WINDOW) | Q(
        message__state=State.PENDING, message__available_at__lt=now + WINDOW
    )
    return recent.filter(busy).count()
