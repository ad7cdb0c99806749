"""Stores rendered pages in the cache, and finds them again while the catalogue is the same.

Each kind of page has a fixed number of slots, and a page's key decides which four of them it may take. So the cache is
bounded whatever is requested, one kind of page, such as searches, cannot displace another, and two popular pages do not
displace each other in turn, as they would with one slot each.
"""

import random
from collections.abc import Callable, Collection
from dataclasses import astuple
from hashlib import blake2b
from threading import Lock
from typing import Any

from django.core.cache import cache

from shop.catalogue.version import catalogue_version
from shop.site.cache_outage import CacheOutage
from shop.site.shared_pages.page import Page

_outage = CacheOutage("every page is rendered")

#: Seconds. Bounds the age of what depends on the time, such as how long an order still leaves today.
MAX_AGE = 30
#: Characters. A larger page is rendered for each request.
MAX_SIZE = 300_000


class PageStore:
    """Pages of one kind. `pieces` are the names that their gaps may have."""

    def __init__(self, kind: str, *, slots: int, pieces: Collection[str] = ()) -> None:
        self._kind, self._pieces = kind, frozenset(pieces)
        self._locks = [Lock() for _ in range(slots)]

    def page(self, key: str, render: Callable[[], Page]) -> Page:
        """The stored page, or a new one.

        The version is read before the catalogue, so that what is stored is never older than its version. Threads that
        want the same page wait for the one that renders; so a popular page is rendered once by each process.
        """
        digest = blake2b(key.encode(errors="backslashreplace"), digest_size=16).hexdigest()
        version = catalogue_version()
        if found := self._find(digest, version):
            return found
        lock = self._locks[self._slots(digest)[0]]
        waits = not lock.acquire(blocking=False)
        if waits:
            lock.acquire()
        try:
            version = catalogue_version() if waits else version
            return self._find(digest, version) or self._rendered(digest, version, render)
        finally:
            lock.release()

    def _rendered(self, digest: str, version: str, render: Callable[[], Page]) -> Page:
        page = render()
        if sum(map(len, page.texts)) <= MAX_SIZE:
            _outage.tolerant(lambda: self._save(digest, version, page))
        return page

    def _find(self, digest: str, version: str) -> Page | None:
        stored = _outage.tolerant(lambda: self._stored(digest, version)) or {}
        return next((Page(*entry[2:]) for entry in stored.values() if entry[0] == digest), None)

    def _stored(self, digest: str, version: str) -> dict[str, Any]:
        """The current pages in the slots of this one, by the names of their slots."""
        found = cache.get_many(self._names(digest))
        return {name: entry for name, entry in found.items() if self._is_entry(entry) and entry[1] == version}

    def _is_entry(self, value: Any) -> bool:
        """Whether `_save` could have stored it. Anyone who may write to a shared cache may have put anything there."""
        match value:
            case [str(), str(), list(texts), list(names), str()]:
                is_text = all(isinstance(part, str) for part in texts + names)
                return is_text and len(texts) == len(names) + 1 and self._pieces.issuperset(names)
        return False

    def _save(self, digest: str, version: str, page: Page) -> None:
        """Into a slot without a current page; if there is none, instead of any of the others."""
        names, taken = self._names(digest), self._stored(digest, version)
        free = [name for name in names if name not in taken] or [random.choice(names)]  # noqa: S311 - no secret
        cache.set(free[0], [digest, version, *astuple(page)], MAX_AGE)

    def _names(self, digest: str) -> list[str]:
        return [f"page:{self._kind}:{slot}" for slot in self._slots(digest)]

    def _slots(self, digest: str) -> list[int]:
        return [int(digest[start : start + 8], 16) % len(self._locks) for start in (0, 8, 16, 24)]
