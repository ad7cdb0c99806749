"""A clock that tests of bulk retries move by hand."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from messaging import clock as clock_module


class Clock:
    def __init__(self) -> None:
        self.at = timezone.now()

    def __call__(self) -> datetime:
        return self.at

    def tick(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Django's and the database's clock, moved only by `tick(seconds)`."""
    made = Clock()
    monkeypatch.setattr(timezone, "now", made)
    monkeypatch.setattr(clock_module, "now", made)
    return made
