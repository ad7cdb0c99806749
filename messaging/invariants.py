"""What must always be true, and who checks it? Apps register their checks here; `manage.py audit` runs them all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from messaging import pauses
from messaging.conf import settings
from messaging.models import Message, State

Check = Callable[[], Iterator[str]]
_CHECKS: dict[str, Check] = {}


@dataclass(frozen=True)
class Violation:
    invariant: str
    detail: str


def invariant(name: str) -> Callable[[Check], Check]:
    """Register a check: a generator that yields one sentence for each violation it finds."""

    def register(check: Check) -> Check:
        if _CHECKS.get(name, check).__qualname__ != check.__qualname__:
            raise ValueError(f"Two invariants are called {name!r}")
        _CHECKS[name] = check
        return check

    return register


def names() -> list[str]:
    return sorted(_CHECKS)


def audit() -> list[Violation]:
    """Every violation of every registered invariant."""
    return [Violation(name, detail) for name in names() for detail in _CHECKS[name]()]


def grace() -> timedelta:
    """How long a message may be late before somebody must look: two visibility windows, and the sweep between."""
    return timedelta(seconds=2 * settings.CONVEYOR_VISIBILITY + 30)


@invariant("no pending message is overdue")
def pending_is_sent() -> Iterator[str]:
    """What waits in a paused queue waits because somebody wants it; once the queue goes on, the time begins anew."""
    since = timezone.now() - grace()
    late = Message.objects.filter(state=State.PENDING, available_at__lt=since).exclude(queue__in=_still(since))
    for message in late.order_by("available_at")[:50]:
        yield f"{_name(message)} is due since {message.available_at:%Y-%m-%d %H:%M:%S} UTC; does a relay run?"


@invariant("no sent message is lost")
def sent_is_answered() -> Iterator[str]:
    since = timezone.now() - 10 * grace()
    lost = Message.objects.filter(state=State.SENT, sent_at__lt=since).exclude(queue__in=_still(since))
    for message in lost.order_by("sent_at")[:50]:
        yield f"{_name(message)} was sent at {message.sent_at:%Y-%m-%d %H:%M:%S} UTC and never answered"


@invariant("every dead message says why")
def dead_has_an_attempt() -> Iterator[str]:
    for message in Message.objects.dead().filter(attempt_set__isnull=True).order_by("pk")[:50]:
        yield f"{_name(message)} is dead without a recorded attempt"


def _still(since: datetime) -> list[str]:
    """The queues that stood still at any time since then."""
    return [queue for queue, until in pauses.still_until(now=timezone.now()).items() if until > since]


def _name(message: Message) -> str:
    return f"{message.task} {message.pk} ({message.subject or 'no subject'})"
