"""Fuzzing: broken messages among orders. Each is filed once, no process exits, and every order ships.

`CONVEYOR_FUZZ_MESSAGES` (200) and `CONVEYOR_FUZZ_SEED` (1) choose how many, and which.
"""

import os
import random

import redis
from kombu import Connection

from messaging.models import Message, State
from messaging.topology import topology
from tests.messaging import broken_messages

COUNT = int(os.environ.get("CONVEYOR_FUZZ_MESSAGES", "200"))
SEED = int(os.environ.get("CONVEYOR_FUZZ_SEED", "1"))


def throw(stack, count: int, *, seed: int) -> None:
    """Put `count` broken messages on the queue of the payments workers."""
    if stack.broker.url.startswith("redis"):
        with redis.Redis.from_url(stack.broker.url) as client:
            chance = random.Random(seed)
            for item in broken_messages.redis_items(seed, count):
                client.lpush(chance.choice(("payments", "payments\x06\x164", "payments\x06\x169")), item)
        return
    with Connection(stack.broker.url, transport_options={"confirm_publish": True}) as connection:
        channel = connection.channel()
        for broken in broken_messages.amqp_messages(seed, count):
            channel.basic_publish(broken.amqp(), exchange="conveyor", routing_key=broken.routing_key)


def on_the_broker(stack) -> int:
    """Messages in the queues of the payments workers, those that a worker or relay holds included."""
    names = ("payments", topology().dead("payments"))
    if stack.broker.url.startswith("redis"):
        with redis.Redis.from_url(stack.broker.url) as client:
            return sum(client.llen(key) for key in client.keys("payments*")) + client.hlen("unacked")
    with Connection(stack.broker.url) as connection, connection.channel() as channel:
        return sum(channel.queue_declare(name, passive=True).message_count for name in names)


def test_broken_messages_are_filed_once_and_stop_nothing(make_stack):
    stack = make_stack(beat=False, own_broker=False)
    pids = {program.name: program.pid for program in stack.programs}
    orders = []
    for part in range(10):
        throw(stack, COUNT // 10, seed=SEED + part)
        orders += [stack.order() for _ in range(max(1, COUNT // 500))]

    def dead() -> int:
        with stack.db():
            return Message.objects.using(stack.alias).filter(state=State.DEAD, queue="payments").count()

    thrown = COUNT // 10 * 10
    for filed in [*range(0, thrown, 200), thrown]:  # each step has the whole patience
        stack.wait_for(lambda filed=filed: dead() >= filed, what=f"{filed} of {thrown} messages are filed")
    stack.wait_for(lambda: on_the_broker(stack) == 0, what="no message is left on the broker")
    for order in orders:
        stack.wait_status(order, "shipped", "delivered")
    assert dead() == thrown
    assert {program.name: program.pid for program in stack.programs if program.running} == pids
    with stack.db():
        mine = Message.objects.using(stack.alias).filter(subject__in=[order["number"] for order in orders])
        assert not mine.filter(state=State.DEAD).exists()
        assert set(mine.values_list("attempts", flat=True)) == {0}
    assert stack.audit() == []
