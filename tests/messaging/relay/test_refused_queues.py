"""Queues that RabbitMQ refuses: each waits alone, is named once, and is sent to when the operator has corrected it."""

from dataclasses import replace

import pytest
from amqp.exceptions import PreconditionFailed  # type: ignore[import-untyped]
from celery import current_app
from kombu import Connection

from messaging.broker import inspect
from messaging.models import Message, State
from messaging.relay import chores, flow
from messaging.relay.dead_letters import file_dead_letters
from messaging.topology import topology
from tests.messaging.relay.helpers import enqueue, reject

pytestmark = pytest.mark.django_db(transaction=True)
WRONG = "payments"


@pytest.fixture(autouse=True)
def _rabbitmq(broker, monkeypatch):
    if not broker.is_amqp:
        pytest.skip("Valkey refuses no single queue")
    monkeypatch.setattr(chores, "ASK_EVERY", 0)


@pytest.fixture
def declared_by_hand(broker):
    """A queue without the arguments that the topology gives it."""
    with Connection(broker.url) as connection, connection.channel() as channel:
        channel.queue_declare(WRONG, durable=True, auto_delete=False)
        yield channel


def enqueue_both() -> tuple[Message, Message]:
    """One message for the refused queue, one for another."""
    refused, other = enqueue(2)
    Message.objects.filter(pk=refused.pk).update(queue=WRONG, routing_key="payment.charge.low")
    return refused, other


def assert_waits(message: Message) -> None:
    message.refresh_from_db()
    assert (message.state, message.sends, message.attempts) == (State.PENDING, 0, 0)


def test_a_queue_with_other_arguments_waits_alone(relay, declared_by_hand, caplog):
    refused, other = enqueue_both()
    assert [relay.turn() for _ in range(3)] == [1, 0, 0]
    assert_waits(refused)
    other.refresh_from_db()
    assert other.state == State.SENT
    said = [record.message for record in caplog.records if "sends nothing to payments" in record.message]
    assert len(said) == 1
    assert "queue 'payments' exists at the broker with " in said[0]
    assert list(flow.refused()) == [WRONG]
    declared_by_hand.queue_delete(WRONG)
    relay._chores.round()
    relay._flow.doubt()
    assert relay.turn() == 1
    assert flow.refused() == {}


def test_a_dead_letter_queue_with_other_arguments_stops_its_queue_alone(relay, broker):
    """What is rejected there would be lost: it is not bound."""
    refused, _ = enqueue_both()
    with Connection(broker.url) as connection, connection.channel() as channel:
        channel.queue_declare(topology().dead(WRONG), durable=True, auto_delete=False, arguments={"x-max-length": 1})
        try:
            assert relay.turn() == 1
            assert_waits(refused)
            reject(relay._publisher.connection)
            assert file_dead_letters(relay._publisher.connection, current_app) == 1
        finally:
            channel.queue_delete(topology().dead(WRONG))


def test_a_queue_that_is_exclusive_to_somebody_waits_alone(relay, broker):
    refused, _ = enqueue_both()
    with Connection(broker.url) as connection, connection.channel() as channel:
        channel.queue_declare(WRONG, exclusive=True, durable=True, auto_delete=False)
        assert [relay.turn() for _ in range(2)] == [1, 0]
        assert_waits(refused)
        relay._chores.round()
        assert relay._chores._failing == {}
        assert flow.refused()[WRONG].startswith("queue 'payments' is exclusive to another connection; close that one")
        with current_app.connection_for_read() as link:
            assert WRONG not in inspect.consumers(current_app, link, wanted=set())
    relay._chores.round()
    relay._flow.doubt()
    assert relay.turn() == 1


def test_a_queue_that_is_replaced_while_it_is_in_use_waits_alone(relay, broker):
    assert relay.turn() == 0
    with Connection(broker.url) as connection, connection.channel() as channel:
        channel.queue_delete(WRONG)
        channel.queue_declare(WRONG, durable=True, auto_delete=False)
        refused, _ = enqueue_both()
        assert relay.turn() == 1
        Message.objects.filter(pk=refused.pk).update(available_at=refused.available_at)
        assert [relay.turn() for _ in range(2)] == [0, 0]
        refused.refresh_from_db()
        assert (refused.state, refused.attempts) == (State.PENDING, 0)
        channel.queue_delete(WRONG)


def test_a_relay_waits_if_the_broker_refuses_every_queue(relay, broker):
    """Such as an exchange of another type."""
    with Connection(broker.url) as connection, connection.channel() as channel:
        channel.exchange_declare(topology().exchange, "direct", durable=True, auto_delete=False)
        enqueue()
        with pytest.raises(relay._broker_errors(), match="inequivalent arg 'type' for exchange"):
            relay.turn()
        assert flow.refused().keys() == topology().queues.keys()
        channel.exchange_delete(topology().exchange)
    assert relay.turn() == 1
    assert flow.refused() == {}


def test_what_is_declared_by_hand_as_the_topology_has_it_is_not_refused(relay, broker):
    with Connection(broker.url) as connection:
        topology().declare(connection)
    assert relay.turn() == 0
    assert flow.refused() == {}


def test_a_relay_of_another_configuration_is_refused_alone(relay, monkeypatch):
    """Such as one that was started with another QUEUE_TYPE while the others still run."""
    assert relay.turn() == 0
    with monkeypatch.context() as other:
        other.setattr(flow, "topology", lambda: replace(topology(), queue_type="quorum"))
        with current_app.connection_for_write() as connection, pytest.raises(PreconditionFailed):
            flow.declare(connection)
        assert flow.refused().keys() == topology().queues.keys()
    enqueue()
    relay._flow.doubt()
    assert relay.turn() == 1


def test_a_user_whom_the_broker_refuses_is_refused_alone(monkeypatch):
    before = flow.refusals_of()
    monkeypatch.setenv("CELERY_BROKER_URL", "amqp://another:password@127.0.0.1:5672//")
    assert flow.refusals_of() != before
    assert "password" not in flow.refusals_of()
