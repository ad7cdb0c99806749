"""Malformed messages on the queues: each is filed as one dead row, and orders are unaffected."""

import json
import os
import signal
import subprocess
import time
import uuid

import pytest
import redis
from kombu import Connection, Producer

from messaging import simulated_outages
from messaging.models import Attempt, Message, State
from payments.gateways.simulated import LATENCY
from tests.patience import PATIENCE


def publish(stack, body, *, headers=None, content_type="application/json", encoding="utf-8") -> None:
    with Connection(stack.broker.url) as connection:
        transport = "messaging.broker.redis_transport" if stack.broker.url.startswith("redis") else "kombu"
        assert connection.transport.__class__.__module__.startswith(transport)
        Producer(connection.channel(), auto_declare=False).publish(
            body, exchange="conveyor", routing_key="payment.charge.normal", content_type=content_type,
            content_encoding=encoding, headers=headers or {},
        )  # fmt: skip


def wait_filed(stack, before: set) -> Message:
    def filed():
        with stack.db():
            return list(
                Message.objects.using(stack.alias).filter(state=State.DEAD, queue="payments").exclude(pk__in=before)
            )

    stack.wait_for(filed, what="the message is filed as dead")
    (message,) = filed()
    return message


@pytest.fixture
def known_dead(stack) -> set:
    with stack.db():
        return set(Message.objects.using(stack.alias).filter(state=State.DEAD).values_list("pk", flat=True))


CHARGE = {"lang": "py", "task": "payments.charge_payment"}
PICKLE = {"content_type": "application/x-python-serialize", "encoding": "binary"}


@pytest.mark.parametrize(
    ("body", "options", "error"),
    [
        (b"\xff\xfe\x00 junk", {}, "UndecodableMessage"),
        ("{broken", {}, "UndecodableMessage"),
        ('{"no": "task"}', {}, "UndecodableMessage"),
        (b"cos\nsystem", PICKLE, "UndecodableMessage"),
        (b"cos\nsystem", {**PICKLE, "headers": CHARGE}, "UndecodableMessage"),
        (json.dumps([[], {}, {}]), {"headers": {"lang": "py", "task": "no.such.task"}}, "UnknownTask"),
        (json.dumps([[], {"payment_id": "x"}, {}]), {"headers": CHARGE}, "messaging.transitions.NotInLedger"),
        (
            json.dumps([[], {"amount": 1}, {}]),
            {"headers": {**CHARGE, "conveyor": {"sends": 1, "version": 1, "correlation_id": str(uuid.uuid4())}}},
            "messaging.transitions.NotInLedger",
        ),
    ],
    ids=["bytes", "broken", "no task", "pickle", "task's pickle", "unknown task", "no row", "unsigned"],
)  # fmt: skip
def test_a_malformed_message_is_filed_as_one_dead_row_with_its_content(stack, known_dead, body, options, error):
    options = dict(options)
    if "headers" in options:
        options["headers"] = {**options["headers"], "id": str(uuid.uuid4())}
    publish(stack, body, **options)
    message = wait_filed(stack, known_dead)
    assert message.error_type == error
    if error == "UndecodableMessage":
        assert bytes(message.raw_body) == (body if isinstance(body, bytes) else body.encode())
    else:
        assert message.payload == json.loads(body)[1]
    stack.wait_status(stack.order(), "shipped", "delivered")
    assert stack.audit() == []


def test_raw_bytes_in_a_valkey_list_are_filed_as_a_dead_row(stack, known_dead):
    if not stack.broker.url.startswith("redis"):
        pytest.skip("RabbitMQ has no lists")
    with redis.Redis.from_url(stack.broker.url) as client:
        client.lpush("payments", b"\x00\xff not even an envelope")
    assert bytes(wait_filed(stack, known_dead).raw_body) == b"\x00\xff not even an envelope"
    stack.wait_status(stack.order(), "shipped", "delivered")


def dead_of(stack, order) -> Message:
    def dead():
        with stack.db():
            return list(Message.objects.using(stack.alias).filter(subject=order["number"], state=State.DEAD))

    stack.wait_for(dead, what="the message is dead")
    (message,) = dead()
    return message


def attempts_of(stack, message: Message) -> list[str]:
    with stack.db():
        attempts = Attempt.objects.using(stack.alias).filter(message=message).order_by("number")
        return [attempt.error_message for attempt in attempts]


def test_soft_and_hard_time_limits_are_attempts_and_end_as_one_dead_row_each(make_stack, settings):
    """A task that sleeps for long receives the soft limit of 8 s; only the hard one ends a frozen process."""
    env = {"CONVEYOR_TASK_TIME_LIMIT": "10", "CONVEYOR_RETRY_MAX_ATTEMPTS": "2"}
    stack = make_stack(own_broker=False, env=env, workers={"payments": 1}, beat=False)
    settings.CONVEYOR_OUTAGES_DIR = stack.outages
    simulated_outages.begin(name=LATENCY, seconds=simulated_outages.FOREVER, amount=PATIENCE)
    slow = dead_of(stack, stack.order())
    soft, hard = "exceeded the soft time limit of 8 s", "exceeded the hard time limit of 10 s; its process was killed"
    assert attempts_of(stack, slow) == [soft, soft]
    assert (slow.error_type, slow.error_message) == ("billiard.exceptions.SoftTimeLimitExceeded", soft)
    order = stack.order()
    worker = stack.worker("payments")
    stack.wait_for(lambda: worker.text().count("] received") >= 3, what="the second message is received")
    time.sleep(3)  # the process has begun its task, from where the limits count, and the soft one is 5 s away
    children = subprocess.run(["pgrep", "-P", str(worker.pid)], capture_output=True, text=True, check=True)
    for pid in children.stdout.split():
        os.kill(int(pid), signal.SIGSTOP)
    frozen = dead_of(stack, order)
    assert attempts_of(stack, frozen) == [hard, soft]
    simulated_outages.end(name=LATENCY)
    stack.wait_status(stack.order(), "paid")
    assert stack.audit() == []
