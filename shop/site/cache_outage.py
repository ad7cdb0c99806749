"""Tolerates a cache that is down: skips it for a while instead of failing."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)

#: Seconds for which a cache that has failed is not tried again.
PAUSE = 5


class CacheOutage:
    """Whether the cache is down, as this process has seen it. `effect` completes the log line: the consequence."""

    def __init__(self, effect: str) -> None:
        self._effect = effect
        self.until = 0.0

    def tolerant(self, call: Callable[[], T]) -> T | None:
        """The result, or None while the cache is down. It is tried again after a pause; each change is one log line."""
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
