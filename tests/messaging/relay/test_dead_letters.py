"""Dead letters: whatever workers reject is filed in the ledger, once."""

import json
import uuid

import pytest
import redis
from celery import current_app

from messaging.models import Message, State
from messaging.relay import claim, dead_letters
from tests.messaging.relay.helpers import QUEUE, dead_letter, enqueue, reject
from tests.patience import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_undecodable_message_is_filed_with_its_bytes(publisher):
    dead_letter(publisher, b"\xff\xfe junk")
    assert dead_letters.file_dead_letters(publisher.connection, current_app) == 1
    message = Message.objects.get()
    assert (message.state, message.error_type, message.queue) == (State.DEAD, "UndecodableMessage", QUEUE)
    assert bytes(message.raw_body) == b"\xff\xfe junk"
    assert dead_letters.file_dead_letters(publisher.connection, current_app) == 0


def test_an_unknown_task_is_filed_with_its_payload(publisher):
    id_ = str(uuid.uuid4())
    dead_letter(publisher, json.dumps([[], {"a": 1}, {}]), headers={"task": "no.such", "id": id_})
    dead_letters.file_dead_letters(publisher.connection, current_app)
    message = Message.objects.get(pk=id_)
    assert (message.error_type, message.task, message.payload) == ("UnknownTask", "no.such", {"a": 1})
    assert message.routing_key == "maintenance.sample.low"


def test_a_rejected_message_of_the_ledger_is_retried(publisher):
    (message,) = enqueue()
    publisher.publish(claim.claim(limit=1))
    reject(publisher.connection)
    wait_for(lambda: dead_letters.file_dead_letters(publisher.connection, current_app) == 1)
    message.refresh_from_db()
    assert (message.state, message.attempts, message.error_type) == (State.PENDING, 1, "WorkerGaveUp")


def test_a_rejected_message_without_attempts_left_is_dead(publisher):
    (message,) = enqueue()
    Message.objects.update(attempts=4)
    publisher.publish(claim.claim(limit=1))
    reject(publisher.connection)
    wait_for(lambda: dead_letters.file_dead_letters(publisher.connection, current_app) == 1)
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.DEAD, 5)


def test_a_dead_letter_of_an_earlier_publication_changes_nothing(publisher):
    (message,) = enqueue()
    publisher.publish(claim.claim(limit=1))
    Message.objects.update(sends=2)
    reject(publisher.connection)
    wait_for(lambda: dead_letters.file_dead_letters(publisher.connection, current_app) == 1)
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.SENT, 0)


def test_a_damaged_copy_makes_the_message_dead_and_is_kept_beside_it(publisher):
    (message,) = enqueue()
    claim.claim(limit=1)
    headers = {"id": str(message.pk), "task": message.task, "conveyor": {"sends": 1}}
    dead_letter(publisher, "{broken", headers=headers)
    dead_letters.file_dead_letters(publisher.connection, current_app)
    message.refresh_from_db()
    assert (message.state, message.error_type, message.payload) == (State.DEAD, "UndecodableMessage", {"text": "0"})
    assert bytes(message.raw_body) == b"{broken"


@pytest.mark.parametrize("headers", [{"id": "no uuid"}, {"id": 5, "task": 7}, {"conveyor": "x"}, {"x-death": []}])
def test_malformed_headers_do_not_stop_filing(publisher, headers):
    dead_letter(publisher, "[]", headers=headers)
    dead_letters.file_dead_letters(publisher.connection, current_app)
    assert Message.objects.get().state == State.DEAD


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"], ids=["NUL", "half a surrogate pair"])
def test_text_that_the_database_refuses_is_filed_as_raw_bytes(publisher, text):
    body = json.dumps([[], {text: text}, {}])
    dead_letter(publisher, body, headers={"task": "no.such", "id": str(uuid.uuid4())})
    assert dead_letters.file_dead_letters(publisher.connection, current_app) == 1
    message = Message.objects.get()
    assert message.state == State.DEAD
    assert bytes(message.raw_body) == body.encode()


def test_raw_bytes_in_a_redis_list_are_filed(publisher, settings):
    if not settings.BROKER_URL.startswith("redis"):
        pytest.skip("RabbitMQ has no lists to write to")
    with redis.Redis.from_url(settings.BROKER_URL) as client:
        client.lpush(QUEUE, b"\xff\x00 junk", b"[1, 2]", b'{"properties": {}}')
    for _ in range(3):
        reject(publisher.connection)
    assert dead_letters.file_dead_letters(publisher.connection, current_app) == 3
    assert {bytes(m.raw_body) for m in Message.objects.all()} == {b"\xff\x00 junk", b"[1, 2]", b'{"properties": {}}'}


def test_a_requeued_message_is_marked_as_redelivered(publisher):
    enqueue()
    publisher.publish(claim.claim(limit=1))
    with publisher.connection.channel() as channel:
        message = channel.basic_get(QUEUE, no_ack=False)
        channel.basic_reject(message.delivery_tag, requeue=True)
        again = channel.basic_get(QUEUE, no_ack=False)
        assert again.delivery_info["redelivered"]
        channel.basic_ack(again.delivery_tag)
