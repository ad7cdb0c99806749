"""Dead letters: whatever workers reject is filed in the ledger, once."""

import json
import random
import uuid

import amqp  # type: ignore[import-untyped]
import pytest
import redis
from celery import current_app
from django.db import InternalError, OperationalError, connection
from django.utils import timezone

from messaging import transitions
from messaging.broker import inspect
from messaging.models import Message, State, Waits
from messaging.relay import claim, dead_letters, protocol
from messaging.topology import topology
from messaging.transitions.failure import worker_lost
from tests.messaging import broken_messages
from tests.messaging.relay.helpers import QUEUE, dead_letter, enqueue, reject, send_raw
from tests.patience import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_undecodable_message_is_filed_with_its_bytes(publisher):
    dead_letter(publisher, b"\xff\xfe junk")
    assert dead_letters.file_dead_letters(publisher.connection, current_app) == 1
    message = Message.objects.get()
    assert (message.state, message.error_type, message.queue) == (State.DEAD, "UndecodableMessage", QUEUE)
    assert bytes(message.raw_body) == b"\xff\xfe junk"
    assert dead_letters.file_dead_letters(publisher.connection, current_app) == 0


def test_all_queues_are_looked_at_on_one_channel(publisher, monkeypatch):
    """A channel of Valkey's costs connections of its own, and a relay looks once a second."""
    link, opened = publisher.connection, []
    monkeypatch.setattr(link, "channel", lambda open_one=link.channel: opened.append(1) or open_one())
    assert dead_letters.file_dead_letters(link, current_app) == 0
    assert len(opened) == 1


def test_an_unknown_task_is_filed_with_its_payload(publisher):
    id_ = str(uuid.uuid4())
    dead_letter(publisher, json.dumps([[], {"a": 1}, {}]), headers={"task": "no.such", "id": id_})
    dead_letters.file_dead_letters(publisher.connection, current_app)
    message = Message.objects.get(pk=id_)
    assert (message.error_type, message.task, message.payload) == ("UnknownTask", "no.such", {"a": 1})
    assert message.routing_key == "maintenance.sample.low"


def test_the_delivery_limit_of_a_broker_is_the_failure_that_workers_record():
    """A quorum queue counts the workers that a message has killed, and so does the ledger: one name, one text."""
    (message,) = enqueue()
    Message.objects.update(state=State.SENT, sends=1)
    letter = dead_letters.DeadLetter(
        queue=QUEUE, id=message.pk, task=message.task, payload=message.payload, sends=1, routing_key="", priority=0,
        reason="delivery_limit", refusal="", body=b"", headers={},
    )  # fmt: skip
    dead_letters.file(letter, current_app)
    message.refresh_from_db()
    lost = worker_lost(task=message.task)
    assert (message.state, message.error_type, message.error_message, message.fingerprint) == (
        State.DEAD, lost.error_type, lost.error_message, lost.fingerprint,
    )  # fmt: skip


@pytest.mark.parametrize("attempts", [0, 4])
def test_a_message_given_back_without_a_verdict_is_due_again_and_spends_no_attempt(publisher, attempts):
    (message,) = enqueue()
    Message.objects.update(attempts=attempts)
    publisher.publish(claim.claim(limit=1))
    reject(publisher.connection)
    wait_for(lambda: dead_letters.file_dead_letters(publisher.connection, current_app) == 1)
    message.refresh_from_db()
    assert (message.state, message.attempts, message.waits_for) == (State.PENDING, attempts, Waits.WORKER)


def test_a_task_that_workers_do_not_know_yet_waits_without_spending_attempts(publisher):
    (message,) = enqueue()
    Message.objects.update(task="tests.of_the_next_release")
    for sends in (1, 2, 3):
        Message.objects.update(available_at=timezone.now())
        publisher.publish(claim.claim(limit=1))
        reject(publisher.connection)
        wait_for(lambda: dead_letters.file_dead_letters(publisher.connection, current_app) == 1)
        message.refresh_from_db()
        assert (message.state, message.attempts, message.sends) == (State.PENDING, 0, sends)
        assert message.waits_for == Waits.RELEASE


def test_a_dead_letter_of_an_earlier_publication_changes_nothing(publisher):
    (message,) = enqueue()
    publisher.publish(claim.claim(limit=1))
    Message.objects.update(sends=2)
    reject(publisher.connection)
    wait_for(lambda: dead_letters.file_dead_letters(publisher.connection, current_app) == 1)
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.SENT, 0)


@pytest.mark.parametrize("damage", [{"body": "{broken"}, {"eta": "2030-01-01T00:00:00"}, {"retries": "many"}])
def test_of_a_damaged_copy_the_message_in_the_ledger_is_sent_again(publisher, damage):
    """Whoever reaches the broker can write one: it must not make the message dead."""
    (message,) = enqueue()
    (claimed,) = claim.claim(limit=1)
    body = damage.pop("body", protocol.body_of(claimed))
    dead_letter(publisher, body, headers=protocol.headers_of(claimed, body=body) | damage)
    assert dead_letters.file_dead_letters(publisher.connection, current_app) == 1
    message.refresh_from_db()
    assert (message.state, message.attempts, message.waits_for) == (State.PENDING, 0, Waits.WORKER)
    assert message.payload == {"text": "0"}


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


def test_every_broken_message_is_filed_once_with_its_bytes(publisher):
    """Written to the dead-letter queue as a worker's rejection leaves it there."""
    chance, count = random.Random(3), 0
    for broken in broken_messages.amqp_messages(3, 120):
        if broken.raw_properties is None and isinstance(broken.routing_key, str):
            put_dead(publisher.connection, broken, chance)
            count += 1
    filed = wait_filed(publisher, count)
    assert filed == count == Message.objects.filter(state=State.DEAD).count()
    assert not Message.objects.filter(raw_body=None).exists()
    largest = max(len(json.dumps(headers)) for headers in Message.objects.values_list("raw_headers", flat=True))
    assert largest < 2 * dead_letters.MAX_HEADERS


@pytest.mark.parametrize(
    "body", ["[" * 100_000, b"\xff" * 2_000_000, '{"a":' * 900 + "1" + "}" * 900], ids=["deep", "huge", "nested"]
)
def test_a_body_beyond_any_bound_is_filed_by_its_first_bytes(publisher, body):
    dead_letter(publisher, body, headers={"task": "tests.sample", "id": str(uuid.uuid4())})
    assert dead_letters.file_dead_letters(publisher.connection, current_app) == 1
    message = Message.objects.get()
    assert (message.state, message.error_type) == (State.DEAD, "UndecodableMessage")
    body = body.encode() if isinstance(body, str) else body
    assert bytes(message.raw_body) == body[: dead_letters.MAX_RAW]


def test_junk_with_the_id_of_a_settled_message_is_filed_under_an_id_of_its_own(publisher):
    (message,) = enqueue()
    Message.objects.update(state=State.DONE)
    dead_letter(publisher, "{broken", headers={"id": str(message.pk), "task": message.task})
    dead_letters.file_dead_letters(publisher.connection, current_app)
    message.refresh_from_db()
    filed = Message.objects.exclude(pk=message.pk).get()
    assert (message.state, filed.state, bytes(filed.raw_body)) == (State.DONE, State.DEAD, b"{broken")


def test_a_letter_that_cannot_be_stored_stays_at_the_broker_and_stops_no_other(publisher, monkeypatch):
    file_stray = transitions.file_stray

    def refuse(**options):
        if options["raw_body"] == b"cursed":
            raise RuntimeError("a value that the database refuses")
        return file_stray(**options)

    for body in ("first", "cursed", "last"):
        send_raw(publisher.connection, body)
        reject(publisher.connection)
    with monkeypatch.context() as patch:
        patch.setattr(transitions, "file_stray", refuse)
        wait_for(lambda: dead_letters.file_dead_letters(publisher.connection, current_app) >= 0
                   and Message.objects.count() == 2)  # fmt: skip
    wait_for(lambda: dead_letters.file_dead_letters(publisher.connection, current_app) == 1)
    assert sorted(bytes(m.raw_body) for m in Message.objects.all()) == [b"cursed", b"first", b"last"]


def test_an_outage_of_the_database_leaves_the_letter_at_the_broker(publisher, monkeypatch):
    dead_letter(publisher, "junk")

    def away(letter, app):
        raise OperationalError("the database system is starting up")

    with monkeypatch.context() as patch:
        patch.setattr(dead_letters, "file", away)
        with pytest.raises(OperationalError):
            dead_letters.file_dead_letters(publisher.connection, current_app)
    wait_for(lambda: dead_letters.file_dead_letters(publisher.connection, current_app) == 1)
    assert Message.objects.get().state == State.DEAD


def test_a_read_only_session_leaves_the_letter_at_the_broker(publisher):
    """The next session may write: it must not file the message as one that cannot be stored."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no sessions")
    (message,) = enqueue()
    publisher.publish(claim.claim(limit=1))
    reject(publisher.connection)
    wait_for(lambda: inspect.depth(publisher.connection, topology().dead(QUEUE)) == 1)
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    with pytest.raises(InternalError):
        dead_letters.file_dead_letters(publisher.connection, current_app)
    wait_for(lambda: dead_letters.file_dead_letters(publisher.connection, current_app) == 1)
    assert [(row.pk, row.state) for row in Message.objects.all()] == [(message.pk, State.PENDING)]


def put_dead(link, broken, chance) -> None:
    queue = topology().dead(QUEUE)
    if isinstance(link.default_channel, amqp.Channel):
        link.default_channel.basic_publish(broken.amqp(), exchange="", routing_key=queue)
        return
    envelope = broken_messages.envelope(chance, broken)
    envelope["properties"]["delivery_info"] = {"exchange": "", "routing_key": queue}
    with redis.Redis.from_url(link.as_uri(include_password=True)) as client:
        client.lpush(queue, json.dumps(envelope))


def wait_filed(publisher, count: int) -> int:
    filed = 0

    def all_filed() -> bool:
        nonlocal filed
        filed += dead_letters.file_dead_letters(publisher.connection, current_app)
        return filed >= count

    wait_for(all_filed)
    return filed


@pytest.mark.parametrize("change", [{"payload": {"text": "other"}}, {"task": "no.such"}])
def test_a_letter_that_differs_from_the_message_whose_id_it_has_does_not_touch_it(change):
    (message,) = enqueue()
    Message.objects.update(state=State.SENT, sends=1)
    copy = {"queue": QUEUE, "id": message.pk, "task": message.task, "payload": message.payload, "sends": 1}
    letter = dead_letters.DeadLetter(**(copy | change), body=b"[]", refusal="")
    dead_letters.file(letter, current_app)
    message.refresh_from_db()
    assert (message.state, message.attempts, message.sends) == (State.SENT, 0, 1)
    filed = Message.objects.exclude(pk=message.pk).get()
    assert (filed.state, filed.task, filed.payload) == (State.DEAD, letter.task, letter.payload)
