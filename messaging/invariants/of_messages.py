"""The engine's own invariants."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from messaging import pauses, scheduler
from messaging.conf import settings
from messaging.invariants.registry import Feed, Scope, invariant
from messaging.models import Message, State

DEAD_MESSAGES = Scope("dead messages", Message.objects.dead(), (Feed(Message.objects.dead(), by="finished_at"),))


def grace() -> timedelta:
    """How late a message may be: two visibility timeouts, and the recovery between them."""
    return timedelta(seconds=2 * settings.CONVEYOR_VISIBILITY + 30)


@invariant("no pending message is overdue")
def pending_is_sent() -> Iterator[str]:
    """Paused queues are excluded; after a resume their messages get the full grace period."""
    since = timezone.now() - grace()
    late = Message.objects.filter(state=State.PENDING, available_at__lt=since).exclude(queue__in=_paused_since(since))
    for message in late.order_by("available_at")[:50]:
        yield f"{_name(message)} was due at {message.available_at:%Y-%m-%d %H:%M:%S} UTC; check that a relay runs"


@invariant("no sent message is lost")
def sent_is_answered() -> Iterator[str]:
    since = timezone.now() - 10 * grace()
    lost = Message.objects.filter(state=State.SENT, sent_at__lt=since).exclude(queue__in=_paused_since(since))
    for message in lost.order_by("sent_at")[:50]:
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
    return [queue for queue, until in pauses.paused_until(now=timezone.now()).items() if until > since]


def _name(message: Message) -> str:
    return f"{message.task} {message.pk} ({message.subject or 'no subject'})"
