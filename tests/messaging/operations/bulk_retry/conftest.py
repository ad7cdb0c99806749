"""A clock that tests of bulk retries move by hand."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone


class Clock:
    def __init__(self) -> None:
        self.at = timezone.now()

    def __call__(self) -> datetime:
        return self.at

    def tick(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Django's clock, moved only by `tick(seconds)`."""
    clock = Clock()
    monkeypatch.setattr(timezone, "now", clock)
    return clock
