"""Fixtures of the worker's tests: retries without backoff, and a database that never hung."""

import pytest

from messaging.worker import outage
from tests.messaging.samples import behaviour


@pytest.fixture(autouse=True)
def _no_backoff(settings, monkeypatch):
    monkeypatch.setattr("celery.app.autoretry.get_exponential_backoff_interval", lambda **_: 0)
    yield
    behaviour.clear()


@pytest.fixture(autouse=True)
def _unwatched(monkeypatch):
    monkeypatch.setattr(outage, "watch", outage.Watch())
