"""Invariants: apps register their checks here; `manage.py audit` runs them all, the periodic audit in slices."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from messaging import pauses
from messaging.conf import settings
from messaging.models import Message, State

Check = Callable[..., Iterator[str]]


@dataclass(frozen=True, eq=False)
class Feed:
    """A table with a row for each change, read in the order of its indexed column `by`, which only grows.

    Its column `key` holds the column `of` of the row that changed.
    """

    changes: QuerySet[Any]
    key: str = "pk"
    of: str = "pk"
    by: str = "pk"


@dataclass(frozen=True, eq=False)
class Scope:
    """The rows that checks are about. `feeds` tell which of them changed; without one, only the whole audit looks."""

    name: str
    rows: QuerySet[Any]
    feeds: tuple[Feed, ...] = ()


@dataclass(frozen=True)
class Invariant:
    """A check without a scope takes no argument and must be fast at any size; others take rows of their scope."""

    name: str
    check: Check
    over: Scope | None = None


@dataclass(frozen=True)
class Violation:
    invariant: str
    detail: str


_REGISTRY: dict[str, Invariant] = {}


def invariant(name: str, *, over: Scope | None = None) -> Callable[[Check], Check]:
    """Register a check: a generator that yields one sentence per violation.

    With a scope it is called with a queryset of some or all of the scope's rows, and judges only those.
    """

    def register(check: Check) -> Check:
        known = _REGISTRY.get(name)
        if known is not None and known.check.__qualname__ != check.__qualname__:
            raise ValueError(f"Two invariants are named {name!r}")
        _REGISTRY[name] = Invariant(name, check, over)
        return check

    return register


def registered() -> list[Invariant]:
    """All invariants, by name."""
    return [_REGISTRY[name] for name in sorted(_REGISTRY)]


def violations(one: Invariant) -> Iterator[Violation]:
    """Every violation of one invariant, over all rows."""
    found = one.check() if one.over is None else one.check(one.over.rows.all())
    return (Violation(one.name, detail) for detail in found)


def audit() -> list[Violation]:
    """Every violation of every registered invariant."""
    return [violation for one in registered() for violation in violations(one)]


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


def _paused_since(since: datetime) -> list[str]:
    """Queues that were paused at any time since then."""
    return [queue for queue, until in pauses.paused_until(now=timezone.now()).items() if until > since]


def _name(message: Message) -> str:
    return f"{message.task} {message.pk} ({message.subject or 'no subject'})"
