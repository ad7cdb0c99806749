"""Recovery leaves alone what a queue, a dead-letter queue or a consumer still holds."""

import time

import pytest
import redis
from celery import current_app

from messaging.broker import inspect
from messaging.models import Message, State
from messaging.relay import recovery
from messaging.topology import topology
from tests.messaging.relay.helpers import QUEUE, enqueue, reject, take
from tests.messaging.relay.recovery.helpers import age, send
from tests.patience import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_message_in_its_queue_is_never_sent_again(recover, publisher, settings):
    settings.CONVEYOR_VISIBILITY = 0.5
    send(publisher, 20, ago=7 * 86_400)
    assert [recover() for _ in range(3)] == [0, 0, 0]
    assert recover.recovery.draining == frozenset()


def test_a_queue_too_long_to_be_read_explains_every_message(recover, publisher, monkeypatch):
    monkeypatch.setattr(recovery, "LONG_QUEUE", 4)
    send(publisher, 5)
    take(publisher.connection)
    send(publisher, 1)
    assert recover() == 0


def test_a_message_in_the_dead_letter_queue_is_not_lost(recover, publisher):
    send(publisher)
    reject(publisher.connection)
    wait_for(lambda: inspect.depth(publisher.connection, topology().dead(QUEUE)) == 1)
    assert recover() == 0


def test_a_message_of_a_consumer_that_hangs_is_not_sent_again(recover, publisher, hold):
    send(publisher)
    hold()
    assert [recover(), recover()] == [0, 0]


def test_a_consumer_that_never_says_what_it_holds_is_not_waited_for_for_ever(
    recover, publisher, hold, settings, is_amqp, caplog
):
    if not is_amqp:
        pytest.skip("Redis shows what its consumers hold")
    settings.CONVEYOR_VISIBILITY = 1.5
    send(publisher)
    hold()
    assert [recover(), recover(), recover()] == [0, 0, 1]
    assert "not waiting longer" in caplog.text
    age(list(Message.objects.all()), 3600)
    Message.objects.update(state=State.SENT)
    assert recover() == 0, "the bound starts over"


def test_what_a_killed_consumer_held_is_redelivered_and_not_sent_again(recover, publisher, settings, is_amqp):
    (message,) = send(publisher)
    with publisher.connection.clone(transport_options=current_app.conf.broker_transport_options) as link:
        link.channel().basic_get(QUEUE, no_ack=False)
        if is_amqp:
            link.close()
        else:
            _time_out(recover, settings)
        wait_for(lambda: inspect.depth(publisher.connection, QUEUE) == 1)
        assert recover() == 0
        again = take(publisher.connection)
        assert again.delivery_info["redelivered"] or again.properties["delivery_info"]["redelivered"]
        message.refresh_from_db()
        assert message.state == State.SENT


def _time_out(recover, settings) -> None:
    """Let what a consumer of Redis holds exceed the visibility timeout."""
    with redis.Redis.from_url(settings.BROKER_URL) as client:
        (tag,) = client.zrange("unacked_index", 0, -1)
        assert recover() == 0
        assert client.hlen("unacked") == 1
        client.zadd("unacked_index", {tag: time.time() - settings.CONVEYOR_VISIBILITY - 20})
        recover()
        assert client.hlen("unacked") == client.zcard("unacked_index") == 0


def test_bytes_that_are_no_message_do_not_stop_recovery(recover, publisher, settings, is_amqp):
    if is_amqp:
        pytest.skip("RabbitMQ only counts")
    age(enqueue(), 3600)
    Message.objects.update(state=State.SENT)
    with redis.Redis.from_url(settings.BROKER_URL) as client:
        client.lpush(QUEUE, b"\xff\x00", b"[" * 100_000, b"[]", b'{"headers": {"id": 5}}', b'{"headers": null}')
        client.hset("unacked", "tag", b"[]")
    assert recover() == 1
