"""A virtual host of RabbitMQ for checks of the broker, whatever broker the run has."""

from collections.abc import Iterator

import pytest
from kombu import Connection

from messaging.topology import topology
from shop.doctor.checks import processes
from tests.stack.rabbit import RabbitVhost


@pytest.fixture(scope="module")
def _virtual_host() -> Iterator[RabbitVhost]:
    """Shared, since `rabbitmqctl` takes seconds."""
    broker = RabbitVhost()
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()


@pytest.fixture
def rabbit(_virtual_host: RabbitVhost, monkeypatch: pytest.MonkeyPatch) -> RabbitVhost:
    """An empty virtual host, which Celery's connections lead to."""
    monkeypatch.setenv("CELERY_BROKER_URL", _virtual_host.url)
    with Connection(_virtual_host.url) as connection, connection.channel() as channel:
        for queue in (*topology().kombu_queues(), *topology().kombu_dead_letter_queues()):
            channel.queue_delete(queue.name)
    return _virtual_host


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is absent is looked for without a pause."""
    monkeypatch.setattr(processes, "PAUSE_SECONDS", 0)
