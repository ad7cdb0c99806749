"""Relay and worker at a broker that refuses them: one sentence, no end, and work once the operator has corrected it."""

import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from kombu import Connection

from messaging.topology import topology
from tests.stack import Stack
from tests.stack.program import Program
from tests.stack.rabbit import rabbitmqctl

READY = {"relay": "relay ready", "worker": " ready."}


def _says_or_ended(program: Program, text: str) -> bool:
    return text in program.text() or not program.running


class Idle:
    """A prepared stack of one relay and one worker, with neither started."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        stack.database.create()
        stack.broker.start()
        done = stack.python("-m", "tests.stack.prepare")
        assert done.returncode == 0, done.stderr
        self.programs = {"relay": stack.relays[0], "worker": stack.workers[0]}

    def start(self, **env: str) -> None:
        for program in self.programs.values():
            program.env |= env
            program.start(wait=False)

    def wait_for_texts(self, texts: Mapping[str, str]) -> None:
        """Until each has logged its text. None has ended by then."""
        for name, text in texts.items():
            program = self.programs[name]
            self.stack.wait_for(partial(_says_or_ended, program, text), what=f"{name}: {text}")
            assert text in program.text(), program.tail()
        for program in self.programs.values():
            assert program.running, program.tail()

    def wait_refused(self, sentence: str) -> None:
        """Until both have said why they wait; neither claims to be ready."""
        self.wait_for_texts(dict.fromkeys(self.programs, sentence))
        for name, program in self.programs.items():
            assert READY[name] not in program.text()

    def wait_fixed(self, sentence: str) -> None:
        """Until both work; each has logged `sentence` once and no traceback."""
        self.wait_for_texts(READY)
        for program in self.programs.values():
            text = program.text()
            assert text.count(sentence) == 1, text
            assert "Traceback" not in text, text


def _consumers(channel: Any) -> dict[str, int]:
    return {name: channel.queue_declare(name, passive=True).consumer_count for name in ("payments", "shipping")}


@pytest.fixture
def idle(django_db_blocker):
    with ExitStack() as removal:

        def idle(backend: str) -> Idle:
            stack = Stack(backend, blocker=django_db_blocker, workers={"shipping": 1}, web=False, beat=False)
            removal.callback(stack.remove)
            return Idle(stack)

        yield idle


def test_a_wrong_password_on_rabbitmq(idle):
    stopped = idle("production")
    user, password = f"conveyor-test-{secrets.token_hex(3)}", secrets.token_hex(8)
    parts = urlsplit(stopped.stack.broker.url)
    url = parts._replace(netloc=f"{user}:{password}@{parts.hostname}:{parts.port}").geturl()
    sentence = "the broker refuses the user name or password; correct them in BROKER_URL"
    try:
        stopped.start(BROKER_URL=url)
        stopped.wait_refused(sentence)
        assert rabbitmqctl("add_user", user, password)
        assert rabbitmqctl("set_permissions", "-p", stopped.stack.broker.name, user, ".*", ".*", ".*")
        stopped.wait_fixed(sentence)
    finally:
        rabbitmqctl("delete_user", user)


def test_a_wrong_password_on_valkey(idle):
    stopped = idle("embedded")
    parts = urlsplit(stopped.stack.broker.url)
    url = parts._replace(netloc=f":other@{parts.hostname}:{parts.port}").geturl()
    sentence = "the broker refuses the user name or password; correct them in BROKER_URL"
    stopped.start(BROKER_URL=url)
    stopped.wait_refused(sentence)
    with redis.Redis.from_url(stopped.stack.broker.url) as client:
        client.config_set("requirepass", "other")
    stopped.wait_fixed(sentence)


def test_a_queue_of_another_type(idle):
    """It alone waits: the relay is ready, and a worker of other queues, too, consumes these."""
    stopped = idle("production")
    both = stopped.stack.new_worker("payments,shipping")
    stopped.stack.workers.append(both)
    stopped.programs["both"] = both
    quorum = {queue.name: queue for queue in replace(topology(), queue_type="quorum").kombu_queues()}
    sentence = "queue 'shipping' exists at the broker with "
    with Connection(stopped.stack.broker.url) as connection, connection.channel() as channel:
        arguments = quorum["shipping"].queue_arguments
        channel.queue_declare("shipping", arguments=arguments, durable=True, auto_delete=False)
        stopped.start()
        stopped.wait_for_texts(dict.fromkeys(stopped.programs, sentence))
        stopped.wait_for_texts({"relay": READY["relay"], "both": READY["worker"]})
        assert "set QUEUE_TYPE" in stopped.programs["relay"].text()
        assert READY["worker"] not in stopped.programs["worker"].text()
        assert _consumers(channel) == {"payments": 1, "shipping": 0}
        channel.queue_delete("shipping")
    stopped.wait_for_texts({"relay": "relay sends to shipping again", "both": "consuming shipping again"})
    stopped.wait_fixed(sentence)
    with Connection(stopped.stack.broker.url) as connection, connection.channel() as channel:
        assert _consumers(channel) == {"payments": 1, "shipping": 2}


def test_a_broker_that_becomes_a_replica(idle):
    """Idle workers and relays wait for the end of the failover."""
    running = idle("embedded")
    sentence = "the broker is a read-only replica"
    running.start()
    running.wait_for_texts(READY)
    with redis.Redis.from_url(running.stack.broker.url) as client:
        client.replicaof("127.0.0.1", "9")
        running.wait_for_texts(dict.fromkeys(READY, sentence))
        client.replicaof("NO", "ONE")
    running.wait_for_texts({"relay": "works again", "worker": "reconnected to the broker"})
    for program in running.programs.values():
        assert program.text().count(sentence) == 1, program.text()
