"""Fixtures of recovery's tests: rounds of a recovery, and consumers that never answer."""

from typing import Any

import pytest
from celery import current_app
from kombu import Consumer

from messaging.topology import topology
from tests.messaging.relay.helpers import QUEUE
from tests.messaging.relay.recovery.helpers import Rounds
from tests.patience import PATIENCE


@pytest.fixture
def is_amqp(settings) -> bool:
    return settings.BROKER_URL.startswith("amqp")


@pytest.fixture
def recover(publisher, monkeypatch):
    """One round of a recovery that keeps its state, 10 s after the one before; `recover.recovery` is that recovery."""
    return Rounds(publisher, monkeypatch)


@pytest.fixture
def hold(publisher):
    """Receives a message and never answers, as a worker that hangs."""
    links = []

    def hold() -> None:
        links.append(publisher.connection.clone(transport_options=current_app.conf.broker_transport_options))
        received: list[Any] = []
        (queue,) = (queue for queue in topology().kombu_queues() if queue.name == QUEUE)
        consumer = Consumer(links[-1], [queue], on_message=received.append, prefetch_count=1, auto_declare=False)
        consumer.consume()
        while not received:
            links[-1].drain_events(timeout=PATIENCE)

    yield hold
    for link in links:
        link.close()
