"""How does time pass in the tests of bulk operations? As they say."""

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
    """Django's clock, which moves by `tick(seconds)` only."""
    clock = Clock()
    monkeypatch.setattr(timezone, "now", clock)
    return clock
