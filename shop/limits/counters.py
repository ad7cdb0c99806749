"""Counts what clients do, in the shared cache and without a statement in the database."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

from django.conf import settings
from django.core.cache import caches
from django.utils.translation import ngettext

from shop.limits.policy import Door, Limit
from shop.site.cache_outage import CacheOutage

_outage = CacheOutage("nothing is limited")


class Limited(Exception):
    """A limit is reached, and nothing was done. `wait` is the number of seconds until it may be tried again."""

    def __init__(self, *, wait: int) -> None:
        self.wait = wait
        minutes = -(-wait // 60)
        super().__init__(
            ngettext(
                "Too many attempts. Nothing was changed. Try again in %(count)d minute.",
                "Too many attempts. Nothing was changed. Try again in %(count)d minutes.",
                minutes,
            )
            % {"count": minutes}
        )


def take(door: Door, *, cost: int = 1, **counted: str) -> None:
    """Count one use of `door`, or `cost` of them, for each value in `counted`; an empty value is not counted.

    Raises `Limited`. While the cache is down, nothing is.
    """
    if not settings.CONVEYOR_LIMITS:
        return
    for what, limit in door.limits.items():
        if counted[what]:
            _take(f"{door.name}:{what}", counted[what], limit, cost)


@contextmanager
def taken(door: Door, *, cost: int = 1, **counted: str) -> Iterator[None]:
    """As `take`, and given back if what is done within fails."""
    take(door, cost=cost, **counted)
    try:
        yield
    except Exception:
        give_back(door, cost=cost, **counted)
        raise


def give_back(door: Door, *, cost: int = 1, **counted: str) -> None:
    """Undo `take`."""
    for what, limit in door.limits.items():
        if settings.CONVEYOR_LIMITS and counted[what]:
            _add(f"{door.name}:{what}", counted[what], limit, -cost)


def cache_answers() -> bool:
    """Whether the counters can be read, so that limits hold."""
    return _outage.tolerant(lambda: caches["limits"].get_many(["probe"])) is not None


def _take(name: str, value: str, limit: Limit, cost: int) -> None:
    count, wait = _add(name, value, limit, cost)
    if count is not None and count > limit.allowed:
        _add(name, value, limit, -cost)
        raise Limited(wait=wait)


def _add(name: str, value: str, limit: Limit, by: int) -> tuple[int | None, int]:
    """The count, and the seconds until its window ends. Windows of different values begin at different times, so that
    they do not all open at once.
    """
    digest = blake2b(value.encode(errors="backslashreplace"), digest_size=16)
    window, passed = divmod(int(time.time()) + int.from_bytes(digest.digest()[:4]), limit.seconds)
    key, wait = f"{name}:{digest.hexdigest()}:{window}", limit.seconds - passed
    return _outage.tolerant(lambda: _count(key, by, wait)), wait


def _count(key: str, by: int, seconds: int) -> int:
    """Both steps are atomic in the cache, so no use is lost between processes."""
    caches["limits"].add(key, 0, seconds)
    try:
        return caches["limits"].incr(key, by)
    except ValueError:  # the cache was full, or the window ended, in between
        return by
