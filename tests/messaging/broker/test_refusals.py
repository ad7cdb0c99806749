"""Refusals: what real brokers answer is put into one sentence that says what to do."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import redis
from celery import Celery
from django.conf import settings
from kombu import Connection

from messaging.broker import refusals
from messaging.broker.settings import celery_settings
from messaging.topology import topology
from messaging.worker.consumer import Consumer
from tests.stack.valkey import Valkey


@pytest.fixture
def replica(tmp_path):
    """The URL of a Valkey server that has become the replica of one that does not answer."""
    server = Valkey(tmp_path)
    server.start()
    with redis.Redis.from_url(server.url) as client:
        client.replicaof("127.0.0.1", "9")
    yield server.url
    server.remove()


def refused(act) -> str:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - the class depends on the broker's client
        act()
    return refusals.refusal(raised.value)


def test_a_replica_says_to_wait_for_the_end_of_the_failover(replica):
    with Connection(replica) as connection:
        sentence = refused(lambda: connection.SimpleQueue("shipping").put("a message"))
    assert sentence.startswith("the broker is a read-only replica; wait for the end of the failover")


def test_a_server_without_room_says_to_make_some(tmp_path):
    server = Valkey(tmp_path)
    server.start()
    try:
        with redis.Redis.from_url(server.url) as client, Connection(server.url) as connection:
            client.config_set("maxmemory", "1")
            sentence = refused(lambda: connection.SimpleQueue("shipping").put("a message"))
    finally:
        server.remove()
    assert sentence == "the broker takes no writes: its disk or memory is full; make room there"


def test_a_worker_waits_for_the_end_of_the_failover(replica, monkeypatch, caplog):
    app = Celery("replica", set_as_current=False)
    app.config_from_object(celery_settings(replica, topology=settings.MESSAGING))
    consumer = Consumer(lambda request: None, app=app, controller=SimpleNamespace(use_eventloop=False))
    waits = []

    def promote(seconds: float) -> None:
        waits.append(seconds)
        with redis.Redis.from_url(replica) as client:
            client.replicaof("NO", "ONE")

    monkeypatch.setattr(consumer, "_sleep", promote)
    consumer.ensure_connected(app.connection_for_read()).close()
    assert len(waits) == 1
    assert "worker waits: the broker is a read-only replica" in caplog.text


def test_a_queue_with_other_arguments_is_named_with_what_differs(broker):
    if not broker.is_amqp:
        pytest.skip("queues of Valkey have no arguments")
    theirs = next(
        queue for queue in replace(topology(), queue_type="quorum").kombu_queues() if queue.name == "shipping"
    )
    with Connection(broker.url) as connection, connection.channel() as channel:
        channel.queue_declare("shipping", arguments=theirs.queue_arguments, durable=True, auto_delete=False)
    with Connection(broker.url) as connection:
        [(queue, error)] = topology().declare(connection).items()
    sentence = refusals.refusal(error)
    assert queue == "shipping"
    assert sentence.startswith("queue 'shipping' exists at the broker with ")
    assert "set QUEUE_TYPE and CONVEYOR_RETRY_MAX_ATTEMPTS as they were" in sentence


def test_a_broker_that_does_not_answer_has_refused_nothing():
    assert refusals.refusal(ConnectionRefusedError("connection refused")) == ""
    assert refusals.explain(ConnectionRefusedError()) == "cannot reach the broker: ConnectionRefusedError"
