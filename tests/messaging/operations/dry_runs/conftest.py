"""What the sample task does is forgotten after each test."""

import pytest

from tests.messaging.samples import behaviour


@pytest.fixture(autouse=True)
def _no_behaviour():
    yield
    behaviour.clear()
