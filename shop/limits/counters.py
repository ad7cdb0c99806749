"""Counts what clients do, in the shared cache and without a statement in the database."""

import time
from contextlib import ExitStack
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


def take(door: Door, *, cost: int = 1, **counted: str) -> ExitStack:
    """Count one use of `door`, or `cost` of them, for each value in `counted`; an empty value is not counted.

    Closing what this returns undoes it, as does an exception in a `with` block of it. Raises `Limited`, with nothing
    counted. While the cache is down, nothing is limited.
    """
    with ExitStack() as counts:
        for what, limit in door.limits.items():
            if settings.CONVEYOR_LIMITS and counted[what]:
                _take(counts, f"{door.name}:{what}", counted[what], limit, cost)
        return counts.pop_all()


def cache_answers() -> bool:
    """Whether the counters can be read, so that limits hold."""
    return _outage.tolerant(lambda: caches["limits"].get_many(["probe"])) is not None


def _take(counts: ExitStack, name: str, value: str, limit: Limit, cost: int) -> None:
    digest = blake2b(value.encode(errors="backslashreplace"), digest_size=16).digest()
    window, passed = _window(digest, limit.seconds)
    key, wait = f"{name}:{digest.hex()}:{window}", limit.seconds - passed
    count = _outage.tolerant(lambda: _count(key, cost, wait))
    if count is None:
        return
    counts.callback(_outage.tolerant, lambda: _count(key, -cost, wait))
    if count > limit.allowed:
        raise Limited(wait=wait)


def _window(digest: bytes, seconds: int) -> tuple[int, int]:
    """Return the number of the window of now, and its seconds that have passed.

    Windows of different values begin at different times, so that they do not all open at once.
    """
    return divmod(int(time.time()) + int.from_bytes(digest[:4]), seconds)


def _count(key: str, by: int, seconds: int) -> int:
    """Both steps are atomic in the cache, so no use is lost between processes."""
    caches["limits"].add(key, 0, seconds)
    try:
        return caches["limits"].incr(key, by)
    except ValueError:  # the cache was full, or the window ended, in between
        return by
