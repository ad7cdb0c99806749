"""The periodic audit: every few minutes over what changed, every night over everything, both in slices.

A look covers the changes up to the end of its predecessor's: by then their transactions have committed.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError
from django.db.models import Max, QuerySet

from messaging import invariants, slices
from messaging.invariants import Feed, Scope
from messaging.models import Cursor
from messaging.payloads import Payload
from messaging.slices import Slice

log = logging.getLogger(__name__)
_CURSOR = "audit"
#: Violations that one whole audit logs; its last line counts them all.
MAX_LOGGED = 1000


class CheckInvariants(
    Payload, task="messaging.check_invariants", routing_key="maintenance.audit", version=2, lifts={1: lambda data: data}
):
    """Check what changed since the last look and log what is broken. `feeds`: those to continue; none: all."""

    feeds: tuple[str, ...] = ()


class CheckEverything(Payload, task="messaging.check_everything", routing_key="maintenance.audit"):
    """Continue the whole audit in `scope`, after the row with the key `after`. `broken`: violations so far."""

    scope: str = ""
    after: int | str | None = None
    broken: int = 0


@dataclass
class Look:
    """One slice of a look: the positions of its feeds, and which of them have more."""

    positions: dict[str, Any]
    unfinished: list[str] = field(default_factory=list)

    @property
    def following(self) -> CheckInvariants | None:
        return CheckInvariants(feeds=tuple(self.unfinished)) if self.unfinished else None

    def save(self) -> None:
        Cursor.write(_CURSOR, self.positions)


def look(*, feeds: Iterable[str]) -> Look:
    """Check at most `slices.ROWS` changes of each feed; of all feeds and what has no scope if `feeds` is empty."""
    look, chosen, changed = Look(Cursor.read(_CURSOR)), set(feeds), 0
    broken = 0 if chosen else _check(None, None, logged=0)
    for scope in _scopes():
        for feed in scope.feeds:
            name = f"{scope.name}, {feed.changes.model._meta.db_table}"
            if chosen and name not in chosen:
                continue
            keys, look.positions[name], more = _read(feed, look.positions.get(name))
            look.unfinished += [name] if more else []
            changed += len(keys)
            if keys:
                broken += _check(scope, scope.rows.filter(**{f"{feed.of}__in": keys}), logged=0)
    log.info("audit: %s changes checked, %s violations%s", changed, broken, ", continuing" if look.unfinished else "")
    return look


def check_slice(part: Slice, payload: CheckEverything) -> CheckEverything | None:
    """One slice of the whole audit. Returns the next one; None once all is checked."""
    broken = payload.broken or 0 if payload.scope else _check(None, None, logged=0)
    for scope in _scopes():
        if scope.name < payload.scope:
            continue
        walk = _Walk(scope, payload.after if scope.name == payload.scope else None, broken)
        checked = part.repeat(walk.step)
        broken = walk.broken
        log.info("audit: %s %s checked, up to %s", checked, scope.name, walk.after)
        if not part.has_time:
            return CheckEverything(scope=scope.name, after=walk.after, broken=broken)
    log.info("audit: everything checked, %s violations", broken)
    return None


@dataclass
class _Walk:
    """Walks over the rows of a scope in the order of their keys."""

    scope: Scope
    after: int | str | None
    broken: int

    def step(self) -> int:
        rows = self.scope.rows.all() if self.after is None else self.scope.rows.filter(pk__gt=self.after)
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[: slices.ROWS])
        if keys:
            self.broken += _check(self.scope, rows.filter(pk__lte=keys[-1]), logged=self.broken)
            self.after = _plain(keys[-1])
        return len(keys)


def _scopes() -> list[Scope]:
    scopes = {one.over.name: one.over for one in invariants.registered() if one.over is not None}
    return [scopes[name] for name in sorted(scopes)]


def _check(scope: Scope | None, rows: QuerySet[Any] | None, *, logged: int) -> int:
    """Log the violations among `rows`, at most `MAX_LOGGED` less those `logged` before. Returns how many there are."""
    found = 0
    for one in invariants.registered():
        if one.over is not scope:
            continue
        for detail in _details(one, rows):
            found += 1
            if logged + found <= MAX_LOGGED:
                log.error("invariant broken: %s: %s", one.name, detail)
    return found


def _details(one: invariants.Invariant, rows: QuerySet[Any] | None) -> Iterator[str]:
    """A check with a bug is reported, and the others run."""
    try:
        yield from (one.check() if rows is None else one.check(rows))
    except (SoftTimeLimitExceeded, OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("invariant could not be checked: %s", one.name)


def _read(feed: Feed, position: list[Any] | None) -> tuple[list[Any], list[Any], bool]:
    """Keys of the next changes, the position behind them, and whether the look has more of them.

    A position is how far the look has come, and where it ends. The first look of all begins with what changes next.
    """
    head = _plain(feed.changes.aggregate(head=Max(feed.by))["head"])
    after, end = position or (head, head)
    if end is None:
        return [], [None, head], False
    # Several rows may share a time, but not a key.
    lower = {f"{feed.by}__{'gt' if feed.by == 'pk' else 'gte'}": after} if after is not None else {}
    rows = feed.changes.filter(**lower, **{f"{feed.by}__lte": end}).order_by(feed.by)
    found = list(rows.values_list(feed.by, feed.key)[: slices.ROWS])
    reached = _plain(found[-1][0]) if len(found) == slices.ROWS else end
    keys = list(dict.fromkeys(key for _, key in found))
    if reached in (after, end):
        return keys, [end, head], False
    return keys, [reached, end], True


def _plain(value: Any) -> Any:
    """A key or time as a JSON type that loses nothing."""
    if value is None or isinstance(value, int):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)
