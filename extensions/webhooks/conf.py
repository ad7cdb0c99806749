"""Settings of webhooks. A wrong value stops the start with a sentence that names the variable."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

#: Share of the task's time limit that a request may take. The rest is for the database.
_SHARE_OF_TIME_LIMIT: Final = 0.6
_PREFIX: Final = "CONVEYOR_WEBHOOK_"


@dataclass(frozen=True, kw_only=True)
class Options:
    """`timeout` is seconds for a whole request, `in_flight` the requests that one endpoint gets at the same time.

    `is_local` admits plain HTTP and loopback addresses, for demos and tests.
    """

    timeout: int = 10
    in_flight: int = 1
    keep_days: int = 30
    is_local: bool = False

    @property
    def request_seconds(self) -> float:
        return min(float(self.timeout), settings.CONVEYOR_TASK_TIME_LIMIT * _SHARE_OF_TIME_LIMIT)


def read(environment: Mapping[str, str]) -> Options:
    """Raises `ImproperlyConfigured`."""
    return Options(
        timeout=_integer(environment, "TIMEOUT", default=10, most=60),
        in_flight=_integer(environment, "IN_FLIGHT", default=1, most=100),
        keep_days=_integer(environment, "KEEP_DAYS", default=30, most=36_500),
        is_local=_integer(environment, "LOCAL", default=0, least=0, most=1) == 1,
    )


def _integer(environment: Mapping[str, str], name: str, *, default: int, most: int, least: int = 1) -> int:
    text = environment.get(f"{_PREFIX}{name}", "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise ImproperlyConfigured(
            f"{_PREFIX}{name} is {text!r}; it must be a whole number from {least} to {most}. Correct or unset it."
        )
    return int(text)


def check() -> None:
    """Raises `ImproperlyConfigured` if loopback addresses are admitted in production."""
    if current.is_local and not (settings.CONVEYOR_DEMO or settings.DEBUG):
        raise ImproperlyConfigured(
            f"{_PREFIX}LOCAL=1 lets webhooks reach this machine, so it is accepted only with CONVEYOR_DEMO=1 or "
            "DEBUG=1. Unset it."
        )


current = read(os.environ)
