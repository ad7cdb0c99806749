"""RabbitMQ's memory alarm: the relay says so once, waits, and repeats nothing; a stop does not wait for the end."""

import threading
import time
from contextlib import suppress

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection
from kombu import Connection

from messaging.broker import inspect
from messaging.broker.settings import celery_settings
from messaging.models import Message, State
from messaging.relay import publish
from messaging.relay.loop import Pace, Relay
from messaging.topology import topology
from tests.messaging.relay.helpers import QUEUE, enqueue
from tests.patience import PATIENCE, wait_for
from tests.stack.rabbit import RabbitNode

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.stack]
BLOCKED, ACCEPTED = "the broker blocks publishers", "the broker accepts messages again"


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A broker of its own: an alarm concerns every virtual host."""
    node = RabbitNode(tmp_path_factory.mktemp("rabbit"))
    try:
        node.start()
        yield node
    finally:
        node.remove()


def raise_alarm(node: RabbitNode) -> None:
    """Until it is in force: the broker looks at its memory about once a second."""
    node.control("set_vm_memory_high_watermark", "absolute", "1")
    link, blocked = Connection(node.url), list[str]()
    link.connect()
    link.connection.on_blocked = blocked.append

    def is_blocked() -> bool:
        link.Producer().publish("", routing_key="no-such-queue")
        with suppress(TimeoutError):
            link.drain_events(timeout=0.5)
        return bool(blocked)

    wait_for(is_blocked, what="the alarm is in force")
    link.collect(socket_timeout=1)


@pytest.fixture
def relay(node, caplog):
    caplog.set_level("INFO")
    app = Celery("alarm", set_as_current=False)
    app.config_from_object(celery_settings(node.url, topology=settings.MESSAGING))
    with app.connection_for_write() as link, link.channel() as channel:
        topology().declare(link)
        channel.queue_purge(QUEUE)
    relay = Relay(app, Pace(poll_every=0.01, chores_every=0.1, min_backoff=0.01, max_backoff=0.02))

    def run() -> None:
        try:
            relay.run()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    raise_alarm(node)
    enqueue(3)
    thread.start()
    try:
        wait_for(lambda: BLOCKED in caplog.text, what="the relay is blocked")
        yield relay
    finally:
        relay.stop()
        thread.join(PATIENCE)
        node.control("set_vm_memory_high_watermark", "0.6")
    assert not thread.is_alive()


def logged(caplog, text: str) -> int:
    return sum(text in record.message for record in [*caplog.get_records("setup"), *caplog.records])


def test_a_blocked_relay_waits_and_repeats_nothing(relay, node, caplog):
    time.sleep(publish.CONFIRM_TIMEOUT + 2)
    assert set(Message.objects.values_list("state", "sends")) == {(State.SENT, 1)}
    node.control("set_vm_memory_high_watermark", "0.6")
    wait_for(lambda: ACCEPTED in caplog.text, what="the relay continues")
    with relay._app.connection_for_read() as link:
        wait_for(lambda: inspect.depth(link, QUEUE) == 3, what="the messages arrive")
    time.sleep(1)
    assert set(Message.objects.values_list("state", "sends")) == {(State.SENT, 1)}
    assert [logged(caplog, text) for text in (BLOCKED, ACCEPTED, "relay ready", "cannot reach")] == [1, 1, 1, 0]
    assert logged(caplog, "chore") == 0


def test_a_blocked_relay_stops_and_its_messages_are_due_again(relay, caplog):
    relay.stop()
    wait_for(lambda: "relay stopped" in caplog.text, what="the relay has stopped")
    assert set(Message.objects.values_list("state", "sends")) == {(State.PENDING, 1)}
    assert logged(caplog, "cannot reach") == 0
