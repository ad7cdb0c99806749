"""Recovery: makes messages due again that were sent but that the broker no longer holds.

A row in state `sent` for longer than the visibility timeout should have been settled, unless it is still in its queue.
Sending a message twice is safe, because a repeated delivery is looked up first, so recovery prefers to send: rows past
the timeout are sent again if the queue holds fewer messages than there are such rows, and in any case after ten
timeouts. Rows of a paused queue are left alone, and after a resume they get the full timeout again.
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
MAX_TIMEOUTS = 10
_NEVER = datetime.min.replace(tzinfo=UTC)


def recover_lost(connection: Connection) -> int:
    """Make lost messages due again. Returns how many. Raises the connection's errors if the broker is down."""
    now = timezone.now()
    paused_until = pauses.paused_until(now=now)
    return sum(
        _recover_queue(connection, queue, now=now, paused_until=paused_until.get(queue, _NEVER))
        for queue in topology().queues
    )


def _recover_queue(connection: Connection, queue: str, *, now: datetime, paused_until: datetime) -> int:
    timeout = timedelta(seconds=settings.CONVEYOR_VISIBILITY)
    if paused_until > now - timeout:
        return 0
    unsettled = Message.objects.filter(state=State.SENT, queue=queue, sent_at__lt=now - timeout)
    count = unsettled.count()
    if not count:
        return 0
    if depth(connection, queue) >= count:
        cutoff = now - MAX_TIMEOUTS * timeout
        unsettled = unsettled.filter(sent_at__lt=cutoff) if paused_until < cutoff else unsettled.none()
    recovered = unsettled.update(state=State.PENDING, available_at=now)
    if recovered:
        log.warning("%s: %s messages were not settled within %s; sending them again", queue, recovered, timeout)
    return recovered


class Recovery:
    draining: frozenset[str] = frozenset()

    def run(self, connection, app) -> int:
        return recover_lost(connection)
