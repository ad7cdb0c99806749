"""The doctor at RabbitMQ: queues, permissions, logins and workers; each command fixes what it is named for."""

import secrets
import shlex
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from amqp import Message  # type: ignore[import-untyped]
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from kombu import Connection, Consumer
from redis import ResponseError

from messaging.models import QueuePause
from messaging.topology import topology
from shop.doctor.checks import broker, processes
from tests.stack.rabbit import rabbitmqctl

#: In one of the two runs of `make test`: whatever the run's own broker is, this is RabbitMQ.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.stack]


def run(fix: str, **replaced: str) -> None:
    """Run a command of `rabbitmqctl` as written, but for the words to be replaced."""
    program, *words = shlex.split(fix)
    assert program == "rabbitmqctl"
    assert rabbitmqctl(*(replaced.get(word, word) for word in words)), fix


def test_missing_queues_are_named_and_set_up(rabbit):
    [finding] = broker.queues()
    assert finding.name == "queues"
    assert finding.sentence.startswith("The broker lacks the queues payments, shipping, notifications, maintenance, ")
    assert finding.fix == "python manage.py setup"
    assert list(broker.permissions()) == []
    call_command("setup")
    assert list(broker.queues()) == []
    assert list(broker.permissions()) == []


def test_a_queue_with_other_arguments_is_named_and_redeclared(rabbit):
    """What a changed QUEUE_TYPE leaves behind."""
    [old] = [queue for queue in replace(topology(), queue_type="quorum").kombu_queues() if queue.name == "payments"]
    with Connection(rabbit.url) as connection, connection.channel() as channel:
        old(channel).declare()
        found = {finding.name: finding for finding in broker.queues()}
        assert found.keys() == {"queues", "queue-payments"}
        assert found["queue-payments"].sentence.startswith("Queue 'payments' exists at the broker with x-queue-type")
        assert found["queue-payments"].fix == "python manage.py setup --redeclare"
        with pytest.raises(CommandError, match=r"Run: python manage\.py setup --redeclare"):
            call_command("setup")
        channel.basic_publish_confirm(Message("a"), routing_key="payments")
        with pytest.raises(CommandError, match="Queue payments has messages") as refused:
            call_command("setup", "--redeclare")
        assert not Group.objects.exists()
        run(str(refused.value).rpartition("Run: ")[2])
    call_command("setup", "--redeclare")
    assert list(broker.queues()) == []


def test_a_queue_that_another_connection_has_for_itself_is_named_with_its_owner(rabbit):
    with Connection(rabbit.url) as connection, connection.channel() as channel:
        channel.queue_declare("payments", exclusive=True)
        [_missing, finding] = broker.queues()
        assert finding.name == "queue-payments"
        assert finding.sentence.startswith("Queue 'payments' is exclusive to another connection; close that one")
        run(finding.fix)
        assert list(broker.permissions()) == []


@pytest.fixture
def user(rabbit):
    with Connection(rabbit.url) as connection:
        topology().declare(connection)
    name = f"conveyor-test-{secrets.token_hex(3)}"
    assert rabbitmqctl("add_user", name, secrets.token_hex(8))
    yield name
    rabbitmqctl("delete_user", name)


def test_a_user_whom_the_broker_refuses(user, rabbit, monkeypatch):
    """From a wrong password to full permissions, each by the command that the doctor names."""
    parts, password = urlsplit(rabbit.url), secrets.token_hex(8)
    url = parts._replace(netloc=f"{user}:{password}@{parts.hostname}:{parts.port}").geturl()
    monkeypatch.setenv("CELERY_BROKER_URL", url)
    [finding] = broker.reachable()
    assert finding.sentence == "The broker refuses the user name or password; correct them in BROKER_URL."
    run(finding.fix, PASSWORD=password)
    [finding] = broker.reachable()
    assert finding.sentence.startswith(f"The broker denies this user the virtual host {rabbit.name}")
    for check, permissions in (
        (broker.queues, ("^$", ".*", ".*")),
        (broker.permissions, (".*", "^$", ".*")),
        (broker.permissions, (".*", ".*", "^$")),
    ):
        assert rabbitmqctl("set_permissions", "-p", rabbit.name, user, *permissions)
        assert list(broker.reachable()) == []
        [refused] = check()
        assert refused.name == "broker-permissions"
        assert refused.sentence.startswith("The broker denies access: ")
        assert refused.fix == finding.fix
    run(finding.fix)
    assert list(broker.reachable()) == list(broker.queues()) == list(broker.permissions()) == []


def test_a_virtual_host_that_does_not_exist(rabbit, monkeypatch):
    name = f"{rabbit.name}-other"
    monkeypatch.setenv("CELERY_BROKER_URL", rabbit.url.replace(rabbit.name, name))
    [finding] = broker.reachable()
    assert finding.sentence.startswith(f"The broker has no virtual host {name};")
    grant = f"rabbitmqctl set_permissions -p {name} {rabbit.user} '.*' '.*' '.*'"
    assert finding.fix == f"rabbitmqctl add_vhost {name} && {grant}"


def test_a_valkey_whose_disk_is_full(monkeypatch):
    """Its answer, as it was, to any command."""

    def full(*arguments, **options):
        raise ResponseError("MISCONF Errors writing to the AOF file: No space left on device")

    monkeypatch.setattr(broker, "connected", full)
    [finding] = broker.reachable()
    assert finding.sentence == "The broker takes no writes: its disk or memory is full; make room there."
    assert finding.fix == "df -h && valkey-cli info memory"


@pytest.fixture
def declared(rabbit):
    with Connection(rabbit.url) as connection:
        topology().declare(connection)
    return rabbit


def test_the_doctor_takes_no_message_and_leaves_none(declared):
    with Connection(declared.url) as connection, connection.channel() as channel:
        connection.Producer().publish("a", exchange=topology().exchange, routing_key="payment.x.low", declare=[])
        assert list(broker.queues()) == list(broker.permissions()) == []
        counts = {queue.name: channel.queue_declare(queue.name, passive=True) for queue in broker._queues()}
        assert {name: count.message_count for name, count in counts.items() if count.message_count} == {"payments": 1}
        assert channel.basic_get("payments").delivery_info["redelivered"] is False


def test_a_queue_without_a_worker_is_named_unless_it_is_paused(declared, impatient):
    [finding] = processes.workers()
    assert finding.sentence == ("No worker consumes payments, shipping, notifications, maintenance: its messages wait.")
    assert finding.fix == "celery -A config worker -Q payments,shipping,notifications,maintenance"
    QueuePause.objects.create(queue="notifications", reason="a try")
    with Connection(declared.url) as connection, connection.channel() as channel:
        consumed = [queue for queue in topology().kombu_queues() if queue.name in ("payments", "maintenance")]
        with Consumer(channel, consumed, on_message=print):
            [finding] = processes.workers()
            assert finding.fix == "celery -A config worker -Q shipping"
