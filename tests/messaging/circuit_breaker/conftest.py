"""Fixtures of the circuit breaker's tests."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.messaging.circuit_breaker import system
from tests.messaging.samples import behaviour


@pytest.fixture(autouse=True)
def _system(settings: Any) -> Iterator[None]:
    """A system that answers, called by samples with the text "ask"."""
    settings.CONVEYOR_CIRCUIT_FAILURES = 3
    settings.CONVEYOR_CIRCUIT_SECONDS = 10
    system.script.clear()
    system.asked.clear()
    behaviour["ask"] = system.ask
    yield
    behaviour.clear()
