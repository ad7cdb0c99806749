"""Events guard: a broker that blocks publishers gets no event and no polite goodbye; workers continue."""

from types import SimpleNamespace

import pytest

from messaging.worker.events_guard import GuardEvents


class Connection:
    """The event dispatcher's connection to RabbitMQ."""

    def __init__(self) -> None:
        self.connection = SimpleNamespace(on_blocked=None, on_unblocked=None)
        self.collected = 0

    def collect(self, *, socket_timeout: float) -> None:
        self.collected += 1


class Consumer:
    """The parts of a worker's consumer that the step uses."""

    def __init__(self, *, broker: str = "amqp", enabled: bool = True) -> None:
        self.event_dispatcher = SimpleNamespace(enabled=enabled, connection=Connection())
        self.connection = SimpleNamespace(transport=SimpleNamespace(driver_type=broker))

    @property
    def amqp(self) -> SimpleNamespace:
        return self.event_dispatcher.connection.connection


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


@pytest.fixture
def step(consumer: Consumer) -> GuardEvents:
    step = GuardEvents(consumer)
    step.start(consumer)
    return step


def test_events_are_dropped_from_the_alarm_to_its_end(consumer, step):
    consumer.amqp.on_blocked("low on memory")
    assert not consumer.event_dispatcher.enabled
    consumer.amqp.on_unblocked()
    assert consumer.event_dispatcher.enabled


def test_a_second_alarm_during_the_first_does_not_switch_events_off_for_good(consumer, step):
    for reason in ("low on memory", "low on disk"):
        consumer.amqp.on_blocked(reason)
    consumer.amqp.on_unblocked()
    assert consumer.event_dispatcher.enabled


def test_a_blocked_connection_is_dropped_and_any_other_is_left_to_celery(consumer, step):
    step.stop(consumer)
    assert consumer.event_dispatcher.connection.collected == 0
    consumer.amqp.on_blocked("low on memory")
    step.stop(consumer)
    assert consumer.event_dispatcher.connection.collected == 1


@pytest.mark.parametrize("consumer", [Consumer(broker="redis"), Consumer(enabled=False)])
def test_without_events_or_alarms_there_is_nothing_to_guard(consumer, step):
    assert consumer.amqp.on_blocked is None
