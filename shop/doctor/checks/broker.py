"""Broker: reachable, with the queues of this configuration, for a user who may use them, and with the same time.

RabbitMQ closes a channel over each refusal, so every question has a channel of its own. It tells no time over AMQP.
"""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from amqp import Message  # type: ignore[import-untyped]
from amqp.exceptions import AccessRefused, NotFound, ResourceLocked  # type: ignore[import-untyped]
from celery import current_app
from django.utils import timezone
from kombu import Connection, Queue

from messaging.broker import refusals
from messaging.broker.settings import SOCKET_TIMEOUT, is_amqp
from messaging.topology import topology
from shop.demo import supervisor
from shop.doctor.checks.clocks import differs
from shop.doctor.findings import Finding

SETUP, MISSING = "python manage.py setup", "queues"
REDECLARE = f"{SETUP} --redeclare"
#: Seconds.
PATIENCE = SOCKET_TIMEOUT
#: No queue is bound for it, so that a broker drops what is published under it.
_NOWHERE = "-"


@contextmanager
def connected() -> Iterator[Connection]:
    """A connection that gives up after `PATIENCE`: nobody waits for a page."""
    with current_app.connection_for_read() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=PATIENCE)
        yield connection


def reachable() -> Iterator[Finding]:
    try:
        with connected():
            pass
    except Exception as error:  # kombu's errors depend on the transport
        yield Finding("broker", _sentence(error), _access(error))


def queues() -> Iterator[Finding]:
    """Compares each queue that is there, and declares none."""
    with connected() as connection:
        if is_amqp(connection.as_uri()):
            if missing := [queue.name for queue in _queues() if not _exists(connection, queue.name)]:
                names = ", ".join(missing)
                yield Finding(MISSING, f"The broker lacks the queues {names}.", SETUP)
            yield from _differing(connection)


def permissions() -> Iterator[Finding]:
    """Whether the user may publish and consume; `queues` finds that it may not declare."""
    with connected() as connection:
        if not is_amqp(connection.as_uri()):
            return
        try:
            for exchange in (topology().exchange, topology().dead_letter_exchange):
                _publish_nowhere(connection, exchange)
            for queue in _queues():
                _read(connection, queue.name)
        except AccessRefused as error:
            yield Finding("broker-permissions", _sentence(error), _access(error))
        except (NotFound, ResourceLocked):
            return  # `queues` says so
        except TimeoutError:
            sentence = "The broker takes no message: it has too little memory or disk space."
            yield Finding("broker-blocked", sentence, "rabbitmq-diagnostics check_local_alarms")


def time() -> Iterator[Finding]:
    with connected() as connection:
        if not is_amqp(connection.as_uri()):
            before = timezone.now()
            with connection.channel() as channel:
                seconds, microseconds = channel.client.time()
            theirs = datetime.fromtimestamp(seconds + microseconds / 1e6, tz=UTC)
            yield from differs(theirs, before=before, after=timezone.now(), whose="broker")


def differing_queues(connection: Connection) -> Iterator[tuple[Queue, Exception]]:
    """Queues that exist with other arguments than this configuration's, or must not be declared, and the refusals.

    `PreconditionFailed` is about arguments. Only AMQP refuses anything.
    """
    for queue in _queues() if is_amqp(connection.as_uri()) else ():
        if _exists(connection, queue.name):
            try:
                with connection.channel() as channel:
                    queue(channel).queue_declare()  # of a queue that exists it changes nothing
            except connection.channel_errors as error:
                yield queue, error


def _differing(connection: Connection) -> Iterator[Finding]:
    for queue, error in differing_queues(connection):
        if isinstance(error, AccessRefused):
            yield Finding("broker-permissions", _sentence(error), _access(error))
            return  # the same user is refused all of them
        yield Finding(
            f"queue-{queue.name}", _sentence(error), _owner() if isinstance(error, ResourceLocked) else REDECLARE
        )


def _queues() -> list[Queue]:
    return [*topology().kombu_queues(), *topology().kombu_dead_letter_queues()]


def _exists(connection: Connection, queue: str) -> bool:
    try:
        with connection.channel() as channel:
            channel.queue_declare(queue, passive=True)
    except NotFound:
        return False
    except ResourceLocked:
        pass  # to another connection
    return True


def _publish_nowhere(connection: Connection, exchange: str) -> None:
    with connection.channel() as channel:
        channel.basic_publish_confirm(Message(""), exchange=exchange, routing_key=_NOWHERE, confirm_timeout=PATIENCE)


def _read(connection: Connection, queue: str) -> None:
    """Only from an empty queue without consumers, since a message that is returned counts as redelivered.

    A queue with consumers is evidently read.
    """
    with connection.channel() as channel:
        state = channel.queue_declare(queue, passive=True)
        if state.message_count or state.consumer_count:
            return
        if message := channel.basic_get(queue):  # it has just arrived
            channel.basic_reject(message.delivery_tag, requeue=True)


def _sentence(error: Exception) -> str:
    text = refusals.explain(error).rstrip(".")
    return f"{text[0].upper()}{text[1:]}."


def _owner() -> str:
    """The command that names the connection which has a queue for itself."""
    vhost = shlex.quote(str(current_app.connection_for_read().virtual_host))
    return f"rabbitmqctl list_queues -p {vhost} name owner_pid"


def _access(error: Exception) -> str:
    """The command for a broker without room, a user, password or virtual host that it refuses; else how to name it."""
    if "takes no writes" in refusals.refusal(error):
        return "df -h && valkey-cli info memory"
    uri = current_app.connection_for_read()
    user, vhost = shlex.quote(str(uri.userid)), shlex.quote(str(uri.virtual_host))
    grant = f"rabbitmqctl set_permissions -p {vhost} {user} '.*' '.*' '.*'"
    refusal = refusals.refusal(error) if is_amqp(uri.as_uri()) else ""
    if "no virtual host" in refusal:
        return f"rabbitmqctl add_vhost {vhost} && {grant}"
    if "denies" in refusal:
        return grant
    if "user name or password" in refusal:
        return f"rabbitmqctl change_password {user} PASSWORD"
    return supervisor.command_for("broker", otherwise="export BROKER_URL=amqp://user:password@host:5672/vhost")
