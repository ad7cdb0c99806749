"""What works once, and was just done: the second of two clicks on it is answered as the first, not refused."""

from hashlib import sha256
from typing import Final

from django.core.cache import caches

from shop.site.cache_outage import CacheOutage

_KEPT_SECONDS: Final = 60
_outage = CacheOutage("second clicks on links that work once are refused")


def remember(*what: object) -> None:
    """Call it once `what` is committed. `what` holds something that only the person who clicks knows or is."""
    _outage.tolerant(lambda: caches["limits"].set(_key(what), True, _KEPT_SECONDS))


def is_just_done(*what: object) -> bool:
    """Whether it was done within the last minute; never while the cache is down."""
    return bool(_outage.tolerant(lambda: caches["limits"].get(_key(what))))


def _key(what: tuple[object, ...]) -> str:
    return "just-done:" + sha256("\0".join(map(str, what)).encode()).hexdigest()
