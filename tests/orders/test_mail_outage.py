"""Outages of the mail server: e-mails wait without spending attempts, and none is sent twice."""

import smtplib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from messaging import circuit_breaker
from messaging.models import Circuit, Message, State
from orders.emails import delivery
from orders.models import EmailDelivery, Order
from orders.timeline import describe
from tests.delivery import claim_task, deliver, make_due
from tests.factories import place_and_acknowledge

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL = "orders.send_email"


class Server(EmailBackend):
    """A mail server that runs what a test scripts as it is connected to, and as it has read an e-mail."""

    connect: Callable[[], object] | None = None
    read: Callable[[], object] | None = None

    def open(self) -> bool:
        if Server.connect:
            Server.connect()
        return True

    def send_messages(self, messages: Any) -> int:
        count = int(super().send_messages(messages))
        if Server.read:
            Server.read()
        return count


def failing(error: Exception) -> Callable[[], object]:
    def fail() -> None:
        raise error

    return fail


REFUSED = failing(ConnectionRefusedError("connection refused"))
BROKEN = failing(smtplib.SMTPServerDisconnected("connection unexpectedly closed"))


@pytest.fixture(autouse=True)
def server(settings: Any) -> Iterator[type[Server]]:
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    settings.CONVEYOR_CIRCUIT_FAILURES = 3
    yield Server
    Server.connect = Server.read = None


def send() -> Message:
    """The message of a new order's e-mail, delivered once."""
    order = place_and_acknowledge()
    message = claim_task(task=EMAIL, subject=order.number)
    deliver(message)
    return message


def probe(message: Message) -> None:
    """Deliver the message as the one that finds out whether the server is back."""
    Circuit.objects.update(probe_at="2020-01-01T00:00:00Z")
    circuit_breaker.forget()
    make_due(pk=message.pk)
    deliver(claim_task(task=EMAIL, pk=message.pk))
    message.refresh_from_db()


def test_an_outage_of_the_mail_server_costs_three_attempts_in_all_and_each_email_is_sent_once(server):
    server.connect = REFUSED
    first, waiting = [send() for _ in range(3)], [send() for _ in range(5)]
    assert [message.attempts for message in first] == [1, 1, 1]
    assert [(m.state, m.attempts, m.waits_for) for m in waiting] == [(State.PENDING, 0, delivery.CIRCUIT)] * 5
    assert not EmailDelivery.objects.exists(), "none claims that it may have been sent"
    probe(waiting[0])
    assert (waiting[0].state, waiting[0].attempts) == (State.PENDING, 0), "a probe spends none either"
    server.connect = None
    probe(waiting[0])
    assert waiting[0].state == State.DONE
    circuit_breaker.release_waiting()
    for message in (*first, *waiting[1:]):
        make_due(pk=message.pk)
        assert deliver(claim_task(task=EMAIL, pk=message.pk)) == State.DONE
    assert len(mail.outbox) == 8


@pytest.mark.parametrize("break_", [BROKEN, failing(TimeoutError("timed out"))], ids=["breaks off", "is silent"])
def test_a_server_that_fails_over_an_email_leaves_three_to_decide_and_the_others_wait(server, break_):
    server.read = break_
    unknown, waiting = [send() for _ in range(3)], send()
    assert {message.state for message in unknown} == {State.DEAD}
    assert (waiting.state, waiting.attempts) == (State.PENDING, 0)
    assert len(mail.outbox) == 3


def test_a_probe_that_may_have_been_sent_is_not_sent_again(server):
    server.connect = REFUSED
    waiting = [send() for _ in range(4)][-1]
    server.connect, server.read = None, BROKEN
    probe(waiting)
    assert (waiting.state, waiting.error_type) == (State.DEAD, "orders.emails.delivery.EmailOutcomeUnknown")
    assert EmailDelivery.objects.get(pk=waiting.pk).state == EmailDelivery.State.SENDING
    assert Circuit.objects.get(pk=delivery.CIRCUIT).is_open


@pytest.mark.parametrize("code", [421, 554])
def test_a_server_that_greets_with_an_error_is_down(server, code):
    server.connect = failing(smtplib.SMTPConnectError(code, "no service"))
    assert [send() for _ in range(4)][-1].waits_for == delivery.CIRCUIT


def test_a_wrong_password_spends_no_attempt(server):
    server.connect = failing(smtplib.SMTPAuthenticationError(535, "authentication failed"))
    message = send()
    assert (message.state, message.attempts, message.waits_for) == (State.PENDING, 0, delivery.CIRCUIT)


def test_a_server_that_refuses_emails_is_up(server):
    server.read = failing(smtplib.SMTPDataError(554, "looks like spam"))
    assert {send().attempts for _ in range(5)} == {1}
    assert not Circuit.objects.filter(opened_at__isnull=False).exists()


def test_the_office_reads_that_the_email_waits(server):
    server.connect = REFUSED
    waiting = [send() for _ in range(4)][-1]
    event = Order.objects.get(number=waiting.subject).events.get(kind="deferred")
    assert describe(event) == "The mail server is unreachable. The e-mail will be sent once it is back"
