"""Fixtures of the extensions' tests: those of the shop's own tests."""

pytest_plugins = ["tests.conftest"]
