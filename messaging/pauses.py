"""Queue pauses: one table that relays, workers, recovery and the audit read.

A restart or a lost connection therefore never resumes a paused queue. Operators write it: `messaging.operations`. A
pause with an end has its `resumed_at` from the beginning, so that nothing has to run for it to end.
"""

from datetime import datetime

from django.db.models import DateTimeField, Max, Q, Value
from django.db.models.functions import Coalesce

from messaging import clock
from messaging.models import QueuePause


def paused() -> frozenset[str]:
    """Names of the paused queues."""
    return frozenset(QueuePause.objects.filter(in_force()).values_list("queue", flat=True))


def current() -> dict[str, QueuePause]:
    """The pauses in force, by queue."""
    return {pause.queue: pause for pause in QueuePause.objects.filter(in_force())}


def in_force() -> Q:
    return Q(resumed_at=None) | Q(resumed_at__gt=clock.moment())


def paused_until(*, now: datetime) -> dict[str, datetime]:
    """When the last pause of each queue ended; `now` if it is still paused. Never paused queues are left out.

    A message that is late since before then is not lost.
    """
    end = Max(Coalesce("resumed_at", Value(now), output_field=DateTimeField()))
    return dict(QueuePause.objects.order_by().values_list("queue").annotate(until=end))
