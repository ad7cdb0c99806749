"""Redis transport: errors that kombu's own transport does not survive."""

from urllib.parse import urlsplit

import pytest
import redis
from celery import current_app
from kombu import Connection

from messaging.broker import inspect, redis_transport
from messaging.topology import topology
from tests.messaging import broken_messages
from tests.proxy import Proxy

QUEUE = "payments"


def test_acknowledging_on_a_lost_connection_is_a_connection_error(broker):
    if broker.is_amqp:
        pytest.skip("the Redis transport is not in use")
    connection = current_app.connection_for_read()
    channel = connection.channel()
    survived = connection.connection_errors
    connection.close()
    with pytest.raises(survived, match="closed while the task ran"):
        channel.basic_ack("some-tag")


def test_every_item_of_a_list_becomes_a_message_that_leads_back_to_its_queue(broker):
    if broker.is_amqp:
        pytest.skip("RabbitMQ has no lists")
    with current_app.connection_for_read() as connection:
        channel, tags = connection.channel(), set()
        for item in broken_messages.redis_items(5, 400):
            message = channel.Message(redis_transport.open_envelope(item, QUEUE), channel=channel)
            channel.qos.append(message, message.delivery_tag)
            delivery = message.delivery_info
            assert channel._lookup(delivery["exchange"], delivery["routing_key"]) == [QUEUE]
            tags.add(message.delivery_tag)
        assert len(tags) == 400
        for tag in tags:
            channel.basic_reject(tag, requeue=False)
        assert inspect.depth(connection, topology().dead(QUEUE)) == 400


@pytest.mark.parametrize(("action", "options"), [("ack", {}), ("reject", {}), ("reject", {"requeue": True})])
def test_a_worker_whose_answer_does_not_reach_the_server_takes_further_messages(broker, action, options):
    if broker.is_amqp:
        pytest.skip("on AMQP the worker connects anew")
    parts = urlsplit(broker.url)
    proxy = Proxy(parts.port)
    url = parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{proxy.port}").geturl()
    with Connection(url, transport=redis_transport.Transport) as connection:
        channel = connection.channel()
        channel.basic_qos(0, 1, False)
        message = channel.Message(redis_transport.open_envelope(b"x", QUEUE), channel=channel)
        channel.qos.append(message, message.delivery_tag)
        assert not channel.qos.can_consume()
        proxy.cut()
        with pytest.raises(connection.connection_errors):
            getattr(channel.qos, action)(message.delivery_tag, **options)
        assert channel.qos.can_consume()
        proxy.restore()
        with redis.Redis.from_url(broker.url) as client:
            assert client.hlen(channel.unacked_key) == 1, "the server has it until it is requeued"
    proxy.close()


def test_a_broken_broadcast_does_not_raise(broker):
    if broker.is_amqp:
        pytest.skip("RabbitMQ's broadcasts are messages like any other")
    with current_app.connection_for_read() as connection:
        assert connection.channel()._deliver_fanout_message([1, 2], "no.such.exchange")
