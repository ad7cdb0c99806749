"""Fixtures of the worker's tests: retries without backoff."""

import pytest

from tests.messaging.samples import behaviour


@pytest.fixture(autouse=True)
def _no_backoff(settings, monkeypatch):
    monkeypatch.setattr("celery.app.autoretry.get_exponential_backoff_interval", lambda **_: 0)
    yield
    behaviour.clear()
