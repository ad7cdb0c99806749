"""The engine's own invariants."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain

from django.db.models import Q, QuerySet

from messaging import clock, pauses, scheduler
from messaging.conf import settings
from messaging.invariants.registry import Feed, Scope, invariant
from messaging.models import Message, State
from messaging.relay.lanes import pending_lanes, rooms
from messaging.relay.unroutable import unknown_queues
from messaging.topology import topology

DEAD_MESSAGES = Scope("dead messages", Message.objects.dead(), (Feed(Message.objects.dead(), by="finished_at"),))


def grace() -> timedelta:
    """How late a message may be: two visibility timeouts, and the recovery between them."""
    return timedelta(seconds=2 * settings.CONVEYOR_VISIBILITY + 30)


@invariant("no pending message is overdue")
def pending_is_sent() -> Iterator[str]:
    """A backlog beyond what may be in flight is not overdue. After a pause messages get the full grace period."""
    since = clock.now() - grace()
    paused = _paused_since(since)
    late = [lane for lane in pending_lanes() if lane.first < since and lane.queue not in paused]
    room = rooms({lane.queue for lane in late}, surplus={})
    pending = Message.objects.filter(state=State.PENDING, available_at__lt=since)
    lanes = [Q(queue=lane.queue, priority=lane.priority) for lane in late if room[lane.queue].of(lane.priority)]
    unknown = [Q(queue=queue) for queue in unknown_queues()]
    for message in chain.from_iterable(pending.filter(q).order_by("available_at")[:50] for q in (*lanes, *unknown)):
        yield f"{_name(message)} was due at {message.available_at:%Y-%m-%d %H:%M:%S} UTC; check that a relay runs"


@invariant("no sent message is lost")
def sent_is_answered() -> Iterator[str]:
    """One that was sent long before others that are done. While workers stand still, nothing is known to be lost."""
    now = clock.now()
    since = now - 10 * grace()
    for queue in set(topology().queues) - set(_paused_since(since)):
        done = Message.objects.filter(state=State.DONE, queue=queue, finished_at__gt=now - grace())
        latest = max((sent_at for sent_at in done.values_list("sent_at", flat=True)[:1000] if sent_at), default=since)
        lost = Message.objects.filter(state=State.SENT, queue=queue, sent_at__lt=min(since, latest - grace()))
        for message in lost.order_by("sent_at")[:50] if latest > since else ():
            yield f"{_name(message)} was sent at {message.sent_at:%Y-%m-%d %H:%M:%S} UTC and not settled since"


@invariant("every dead message has a failed attempt", over=DEAD_MESSAGES)
def dead_has_an_attempt(messages: QuerySet[Message]) -> Iterator[str]:
    for message in messages.filter(attempt_set__isnull=True).order_by("pk")[:50]:
        yield f"{_name(message)} is dead but no failed attempt is recorded"


@invariant("beat is running")
def beat_is_running() -> Iterator[str]:
    if since := scheduler.silent_since():
        yield f"no periodic task was enqueued since {since:%Y-%m-%d %H:%M:%S} UTC; check that beat runs"


def _paused_since(since: datetime) -> list[str]:
    """Queues that were paused at any time since then."""
    return [queue for queue, until in pauses.paused_until(now=clock.now()).items() if until > since]


def _name(message: Message) -> str:
    return f"{message.task} {message.pk} ({message.subject or 'no subject'})"
