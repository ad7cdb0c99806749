"""Going on without the cache while it is down."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)

#: Seconds without a look at a cache that has failed.
PAUSE = 5


class CacheOutage:
    """An outage of the cache, as this process knows it. `effect` says in the log what it means."""

    def __init__(self, effect: str) -> None:
        self._effect = effect
        self.until = 0.0

    def tolerant(self, call: Callable[[], T]) -> T | None:
        """The result, or None while the cache is down. It is asked again after a pause; each change is one log line."""
        if time.monotonic() < self.until:
            return None
        try:
            result = call()
        except Exception as error:
            if not self.until:
                log.warning("The cache has failed, so %s: %s: %s", self._effect, type(error).__name__, error)
            self.until = time.monotonic() + PAUSE
            return None
        if self.until:
            self.until = 0.0
            log.warning("The cache works again.")
        return result
