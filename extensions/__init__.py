"""Your own apps, one package each. Each declares what the shop needs to run it, as a `Service` on its AppConfig.

`config.parts.own_apps` reads the declarations and is the only module that does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_QUEUE = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_BINDING = re.compile(r"([a-z][a-z0-9_]{0,39})\.#", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Service:
    """What an app adds to the shop; everything but the queue is optional. Raises `ValueError` if a name is malformed.

    `binding` is the noun of its routing keys, such as `loyalty.#`. Its worker is a process of its own with
    `concurrency` slots, or an existing one that serves the queue as well: `beside="notifications"`.
    `views` and `actions` are codenames of the app's permissions: staff groups may view, Operators also act.
    `schedule` maps tasks to seconds or a crontab. `urls` is a URL module, mounted below `/<app>/`.
    """

    queue: str
    binding: str
    concurrency: int = 1
    beside: str = ""
    views: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    schedule: Mapping[str, Any] = field(default_factory=dict)
    urls: str = ""

    def __post_init__(self) -> None:
        if not _QUEUE.fullmatch(self.queue):
            raise ValueError(f"queue is {self.queue!r}; it must be lowercase letters, digits and _, such as 'loyalty'.")
        if not _BINDING.fullmatch(self.binding):
            raise ValueError(f"binding is {self.binding!r}; it must be a noun and '.#', such as 'loyalty.#'.")
        if self.concurrency < 1:
            raise ValueError(f"concurrency is {self.concurrency}; it must be at least 1.")

    @property
    def noun(self) -> str:
        """The first word of its routing keys."""
        return self.binding.partition(".")[0]
