"""Fixtures of the tests with hostile requests."""

from tests.hostile.scene import known

__all__ = ["known"]
