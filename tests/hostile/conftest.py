"""Fixtures of the tests with hostile requests."""

import pytest

from tests.hostile.scene import known

__all__ = ["known"]


@pytest.fixture(autouse=True)
def _no_limits(settings):
    """Thousands of requests come from one client, and each has to reach what it is about."""
    settings.CONVEYOR_LIMITS = 0
