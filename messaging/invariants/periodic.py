"""The periodic audit: every few minutes over what changed, every night over everything, both in slices.

A look covers the changes up to the end of its predecessor's: by then their transactions have committed.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Max, QuerySet, expressions

from messaging.invariants.registry import Feed, Invariant, Scope, registered
from messaging.models import Cursor
from messaging.payloads import Payload
from messaging.worker import slices

log = logging.getLogger(__name__)
CURSOR = "audit"
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


def look(*, feeds: Iterable[str]) -> tuple[dict[str, Any], CheckInvariants | None]:
    """Check at most `slices.ROWS` changes of each of these feeds; without names, of all, and what has no scope.

    Returns the positions to store, and the next slice. Numbers are sent to PostgreSQL as one array: 1,000
    placeholders take it twice as long.
    """
    positions, chosen, left, changed = Cursor.read(CURSOR), set(feeds), [], 0
    broken = 0 if chosen else _check(None, None)
    for scope in _scopes():
        for feed in scope.feeds:
            name = f"{scope.name}, {feed.changes.model._meta.db_table}"
            if chosen and name not in chosen:
                continue
            keys, positions[name], has_more = _read(feed, positions.get(name))
            changed += len(keys)
            left += [name] if has_more else []
            if keys:
                is_array = connection.vendor == "postgresql" and isinstance(keys[0], int)
                among = expressions.RawSQL("SELECT unnest(%s)", [keys]) if is_array else keys
                broken += _check(scope, scope.rows.filter(**{f"{feed.of}__in": among}))
    log.info("audit: %s changes checked, %s violations%s", changed, broken, ", continuing" if left else "")
    return positions, CheckInvariants(feeds=tuple(left)) if left else None


def check_slice(part: slices.Slice, payload: CheckEverything) -> CheckEverything | None:
    """One slice of the whole audit. Returns the next one; None once all is checked."""
    after, broken = payload.after, payload.broken if payload.scope else _check(None, None)
    for scope in (scope for scope in _scopes() if scope.name >= payload.scope):

        def step(scope: Scope = scope) -> int:
            nonlocal after, broken
            rows = scope.rows.all() if after is None else scope.rows.filter(pk__gt=after)
            keys = list(rows.order_by("pk").values_list("pk", flat=True)[: slices.ROWS])
            if keys:
                broken += _check(scope, rows.filter(pk__lte=keys[-1]), logged=broken)
                after = _plain(keys[-1])
            return len(keys)

        after = after if scope.name == payload.scope else None
        log.info("audit: %s %s checked, up to %s", part.repeat(step), scope.name, after)
        if not part.is_done:
            return CheckEverything(scope=scope.name, after=after, broken=broken)
    log.info("audit: everything checked, %s violations", broken)
    return None


def _scopes() -> list[Scope]:
    scopes = {one.over.name: one.over for one in registered() if one.over is not None}
    return [scopes[name] for name in sorted(scopes)]


def _check(scope: Scope | None, rows: QuerySet[Any] | None, *, logged: int = 0) -> int:
    """Log the violations among `rows`, unless enough were `logged` before. Returns how many there are."""
    broken = [(one.name, detail) for one in registered() if one.over is scope for detail in _details(one, rows)]
    for name, detail in broken[: max(0, MAX_LOGGED - logged)]:
        log.error("invariant broken: %s: %s", name, detail)
    return len(broken)


def _details(one: Invariant, rows: QuerySet[Any] | None) -> Iterator[str]:
    """A check with a bug is reported, and the others run."""
    try:
        yield from one.check() if rows is None else one.check(rows)
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
    has_more = reached not in (after, end)
    return list({key for _, key in found}), [reached, end] if has_more else [end, head], has_more


def _plain(value: Any) -> Any:
    """A key or time as a JSON type that loses nothing."""
    if value is None or isinstance(value, int):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)
