"""Stores rendered pages in the cache, and finds them again while the catalogue is the same.

Each kind of page has a fixed number of slots, and a page's key decides its slot. So the cache is bounded whatever is
requested, and one kind of page, such as searches, cannot displace another.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import astuple
from hashlib import blake2b
from threading import Lock
from typing import Any

from django.core.cache import cache

from shop.catalogue.version import catalogue_version
from shop.site.shared_pages.page import Page

log = logging.getLogger(__name__)

#: Seconds. Bounds the age of what depends on the time, such as how long an order still leaves today.
MAX_AGE = 30
#: Characters. A larger page is rendered for each request.
MAX_SIZE = 300_000
#: Seconds without a look at a cache that has failed.
PAUSE = 5


class PageStore:
    """Pages of one kind."""

    def __init__(self, kind: str, *, slots: int) -> None:
        self._kind = kind
        self._locks = [Lock() for _ in range(slots)]

    def page(self, key: str, render: Callable[[], Page]) -> Page:
        """The stored page, or a new one.

        The version is read before the catalogue, so that what is stored is never older than its version. Threads that
        want the same slot wait for the one that renders; so a popular page is rendered once by each process.
        """
        digest = blake2b(key.encode(errors="backslashreplace"), digest_size=16).hexdigest()
        slot = int(digest, 16) % len(self._locks)
        found = self._find(slot, digest, version := catalogue_version())
        if found:
            return found
        waits = self._locks[slot].locked()
        with self._locks[slot]:
            found = self._find(slot, digest, version := catalogue_version()) if waits else None
            return found or self._rendered(slot, digest, version, render)

    def _rendered(self, slot: int, digest: str, version: str, render: Callable[[], Page]) -> Page:
        page = render()
        if sum(map(len, page.texts)) <= MAX_SIZE:
            _tolerant(lambda: cache.set(self._name(slot), [digest, version, *astuple(page)], MAX_AGE))
        return page

    def _find(self, slot: int, digest: str, version: str) -> Page | None:
        return _tolerant(lambda: self._read(slot, digest, version))

    def _read(self, slot: int, digest: str, version: str) -> Page | None:
        stored = cache.get(self._name(slot))
        return Page(*stored[2:]) if isinstance(stored, list) and stored[:2] == [digest, version] else None

    def _name(self, slot: int) -> str:
        return f"page:{self._kind}:{slot}"


class _Outage:
    """Of the cache, as this process knows it."""

    until = 0.0


def _tolerant(call: Callable[[], Any]) -> Any:
    """The result, or None while the cache is down. It is asked again after a pause, and each change is one log line."""
    if time.monotonic() < _Outage.until:
        return None
    try:
        result = call()
    except Exception as error:
        if not _Outage.until:
            log.warning("The cache has failed, so every page is rendered: %s: %s", type(error).__name__, error)
        _Outage.until = time.monotonic() + PAUSE
        return None
    if _Outage.until:
        _Outage.until = 0.0
        log.warning("The cache works again.")
    return result
