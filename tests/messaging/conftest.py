"""Fixtures of the engine's tests."""

import pytest

from messaging.relay import claim


@pytest.fixture(autouse=True)
def _no_carried_share(monkeypatch):
    """What claims of earlier tests carried over."""
    monkeypatch.setattr(claim, "_carried", {})
