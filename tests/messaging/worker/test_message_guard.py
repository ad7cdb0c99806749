"""Message guard: what a worker cannot run is rejected to the dead-letter queue, whatever it is, and only once."""

import pytest
from kombu import Message

from messaging.worker.message_guard import GuardMessages
from tests.messaging import broken_messages
from tests.messaging.broken_messages import Broken, json_properties

SEED = 7


class Channel:
    def __init__(self) -> None:
        self.rejected: list[str] = []
        self.no_ack_consumers = {"broadcast"}

    def basic_reject(self, tag, requeue) -> None:
        assert not requeue
        self.rejected.append(tag)


class Gossip:
    def on_message(self, prepare, message) -> None:
        raise KeyError("hostname")


class Consumer:
    """The parts of a worker's consumer that the step uses. Its strategies take what comes, or fail."""

    #: As with Redis.
    connection_errors = (ConnectionError, KeyError)
    channel_errors = ()

    def __init__(self, error: Exception | None = None) -> None:
        self.gossip, self.error = Gossip(), error
        self.strategies = {"payments.charge_payment": None}
        self.run: list[Message] = []
        self.step = GuardMessages(self)

    def create_task_handler(self):
        def handle(message) -> None:
            if self.error:
                raise self.error
            self.run.append(message)

        return handle


def message_of(broken: Broken, channel: Channel, tag: str = "tag") -> Message:
    properties = dict(broken.properties)
    return Message(
        broken.body, tag, properties.pop("content_type", None), properties.pop("content_encoding", None),
        {"consumer_tag": "tasks"}, properties, broken.headers, channel=channel,
    )  # fmt: skip


def good(chance, **headers) -> Broken:
    return Broken(headers=broken_messages.known(chance, **headers), properties=json_properties())


@pytest.fixture
def chance():
    import random

    return random.Random(SEED)


def test_every_broken_message_is_rejected_once_and_none_is_run():
    consumer, channel = Consumer(), Channel()
    handle = consumer.create_task_handler()
    for number, broken in enumerate(broken_messages.amqp_messages(SEED, 300)):
        if broken.raw_properties is None:
            handle(message_of(broken, channel, str(number)))
            assert channel.rejected.pop() == str(number)
    assert (consumer.run, channel.rejected) == ([], [])


def test_a_good_message_reaches_its_task_with_the_headers_of_the_ledger_only(chance):
    consumer, channel = Consumer(), Channel()
    consumer.create_task_handler()(message_of(good(chance, stamped_headers=5, timelimit="x", root_id=[1]), channel))
    (run,) = consumer.run
    assert channel.rejected == []
    assert not {"stamped_headers", "timelimit"} & set(run.headers)
    assert (run.headers["task"], run.headers["root_id"]) == ("payments.charge_payment", None)


@pytest.mark.parametrize("error", [TypeError(), KeyError(), RecursionError(), MemoryError(), AssertionError()])
def test_a_message_on_which_celery_fails_is_rejected(error, chance):
    channel = Channel()
    Consumer(error).create_task_handler()(message_of(good(chance), channel))
    assert channel.rejected == ["tag"]


def test_a_lost_connection_is_left_to_celery(chance):
    channel = Channel()
    with pytest.raises(ConnectionResetError):
        Consumer(ConnectionResetError()).create_task_handler()(message_of(good(chance), channel))
    assert channel.rejected == []


def test_a_broken_broadcast_is_not_rejected_for_it_needs_no_answer(chance):
    channel = Channel()
    message = message_of(good(chance), channel)
    message.delivery_info = {"consumer_tag": "broadcast"}
    Consumer().step.reject(message, ValueError("broken"))
    assert channel.rejected == []


def test_a_broken_event_of_another_worker_is_ignored(chance):
    Consumer().gossip.on_message(None, message_of(good(chance), Channel()))


@pytest.mark.parametrize(
    ("publish", "eta", "runs"),
    [
        ("ledger", "2126-01-01T00:00:00", False),
        ("ledger", 5, False),
        ("on_commit", "2126-01-01T00:00:00", True),
        ("on_commit", 5, False),
    ],
)
def test_only_without_the_ledger_a_message_has_a_due_time_of_its_own(settings, chance, publish, eta, runs):
    settings.CONVEYOR_PUBLISH = publish
    consumer, channel = Consumer(), Channel()
    consumer.create_task_handler()(message_of(good(chance, eta=eta), channel))
    assert [message.headers["eta"] for message in consumer.run] == ([eta] if runs else [])
    assert len(channel.rejected) == (not runs)
