"""Fixtures of the relay's tests: a publisher and a fast relay on the configured broker."""

import pytest
from celery import current_app

from messaging.relay import publish
from messaging.relay.loop import Pace, Relay


@pytest.fixture
def publisher(broker):
    made = publish.connect(current_app)
    yield made
    made.connection.close()


@pytest.fixture
def relay(broker):
    made = Relay(current_app, Pace(poll_every=0.01, chores_every=0, min_backoff=0.01, max_backoff=0.02))
    yield made
    made.stop()
    made._disconnect()
    made._chores._disconnect()
