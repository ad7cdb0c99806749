"""Which sent messages does the broker no longer hold, so that they must be sent again?

A row that is `sent` for longer than the visibility window should have been answered, unless it waits in its queue.
Sending a message twice is safe, since a delivery that was sent again is looked up first; so this errs to that side:
rows older than the window are sent again when their queue holds fewer messages than there are such rows, and after ten
windows in any case. In a queue that is paused nothing is expected to be answered, and once it goes on its messages have
all of their time again.
"""

import logging
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from kombu import Connection

from messaging import pauses
from messaging.broker.inspect import depth
from messaging.conf import settings
from messaging.models import Message, State
from messaging.topology import topology

log = logging.getLogger(__name__)
HOPELESS_WINDOWS = 10


def sweep(connection: Connection) -> int:
    """Make lost rows due again; how many. Raises the connection's errors when the broker is down."""
    now = timezone.now()
    still_until = pauses.still_until(now=now)
    return sum(
        _sweep_queue(connection, queue, now=now, still_until=still_until.get(queue, datetime.min.replace(tzinfo=UTC)))
        for queue in topology().queues
    )


def _sweep_queue(connection: Connection, queue: str, *, now: datetime, still_until: datetime) -> int:
    window = timedelta(seconds=settings.CONVEYOR_VISIBILITY)
    if still_until > now - window:
        return 0
    silent = Message.objects.filter(state=State.SENT, queue=queue, sent_at__lt=now - window)
    count = silent.count()
    if not count:
        return 0
    if depth(connection, queue) >= count:
        hopeless = now - HOPELESS_WINDOWS * window
        silent = silent.filter(sent_at__lt=hopeless) if still_until < hopeless else silent.none()
    swept = silent.update(state=State.PENDING, available_at=now)
    if swept:
        log.warning("%s: %s messages were not answered within %s; they are sent again", queue, swept, window)
    return swept
