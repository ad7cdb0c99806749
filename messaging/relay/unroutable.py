"""Messages that no queue is bound for: sent to the queue that took over their routing key, or dead after a while.

A queue may be unknown to this relay only, during a rolling release; so its rows wait before they are given up.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.db.models.functions import Now

from messaging import clock, transitions
from messaging.conf import settings
from messaging.models import Message, MessageQuerySet, State, Waits
from messaging.relay.claim import Claimed
from messaging.topology import UnroutableKey, topology
from messaging.transitions.failure import synthetic_failure

log = logging.getLogger(__name__)
#: Visibility timeouts that a message waits for a relay that knows its queue.
PATIENCE = 10
LIMIT = 1000


def settle() -> int:
    """Settle up to `LIMIT` rows of each unknown queue. Returns how many."""
    return sum(map(_take_back, unknown_queues(State.SENT))) + sum(map(_settle_pending, unknown_queues()))


def unknown_queues(state: State = State.PENDING) -> Iterator[str]:
    """Queues of rows in this state that the topology lacks: one index probe per queue, however many rows there are."""
    names = Message.objects.filter(state=state).order_by("queue").values_list("queue", flat=True)
    queue = names.first()
    while queue is not None:
        if queue not in topology().queues:
            yield queue
        queue = names.filter(queue__gt=queue).first()


def _patience() -> timedelta:
    return timedelta(seconds=PATIENCE * settings.CONVEYOR_VISIBILITY)


def _take_back(queue: str) -> int:
    """What was sent before the queue was removed is due again: no worker consumes it, and recovery does not look."""
    rows = Message.objects.filter(state=State.SENT, queue=queue, sent_at__lt=Now() - _patience())
    return rows.filter(pk__in=rows.values("pk")[:LIMIT]).update(state=State.PENDING, available_at=Now())


def _settle_pending(queue: str) -> int:
    rows = Message.objects.filter(state=State.PENDING, queue=queue)
    keys = set(rows.values_list("routing_key", flat=True)[:LIMIT])
    moved = sum(_move(rows.filter(routing_key=key), key) for key in keys)
    overdue = list(rows.filter(available_at__lt=Now() - _patience()).order_by("available_at")[:LIMIT])
    for message in overdue:
        bury(message, "NoSuchQueue", _no_queue(message), state=State.PENDING)
    return moved + len(overdue)


def _move(rows: MessageQuerySet, key: str) -> int:
    try:
        queue = topology().queue_for(key)
    except UnroutableKey:
        return 0
    return rows.filter(pk__in=rows.values("pk")[:LIMIT]).update(queue=queue)


def put_back(message: Claimed) -> None:
    """A claimed message whose routing key no queue is bound for: it waits, and is dead after `PATIENCE`."""
    waiting = transitions.wait(message_id=message.pk, sends=message.sends, waits_for=Waits.QUEUE)
    if waiting and waiting.deferred_since and clock.now() - waiting.deferred_since > _patience():
        bury(message, "NoSuchQueue", _no_queue(message), state=State.PENDING)


def bury(message: Claimed | Message, kind: str, text: str, *, state: State = State.SENT) -> None:
    """Make a message that cannot be published dead, with an error of type `kind`."""
    failure = synthetic_failure(kind, text, task=message.task)
    transitions.bury(message_id=message.pk, failure=failure, sends=message.sends, state=state)
    log.error("%s %s is dead: %s", message.task, message.pk, text)


def _no_queue(message: Claimed | Message) -> str:
    return f"No queue is bound for {message.routing_key!r}, and none is named {message.queue!r} with that binding."
