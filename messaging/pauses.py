"""Which queues stand still because an operator wants it?

Relays, workers, the sweep and the audit all read it from the same table, so that neither a restart nor a lost
connection lets a paused queue go on. Who pauses and resumes: `messaging.services`.
"""

from datetime import datetime

from django.db.models import DateTimeField, Max, Value
from django.db.models.functions import Coalesce

from messaging.models import QueuePause


def paused() -> frozenset[str]:
    """The names of the queues that are paused now."""
    return frozenset(QueuePause.objects.filter(resumed_at=None).values_list("queue", flat=True))


def current() -> dict[str, QueuePause]:
    """The pauses that last, by queue."""
    return {pause.queue: pause for pause in QueuePause.objects.filter(resumed_at=None)}


def still_until(*, now: datetime) -> dict[str, datetime]:
    """Until when each queue that was ever paused stood still; `now` where it still does.

    That a message has waited since before then proves nothing.
    """
    end = Max(Coalesce("resumed_at", Value(now), output_field=DateTimeField()))
    return dict(QueuePause.objects.order_by().values_list("queue").annotate(until=end))
