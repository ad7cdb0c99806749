"""Mail servers that reply slowly, without end or with nonsense: given up in time, and no e-mail is sent twice."""

import smtplib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.core.mail import EmailMessage, get_connection

from messaging.models import Circuit, Message, State
from messaging.operations import alerts
from messaging.operations.models import Alert
from orders.emails import mail_server
from orders.models import EmailDelivery
from tests.delivery import claim_task, deliver
from tests.factories import place_and_acknowledge
from tests.orders.bounded.hostile import PAUSE, Server, serving, slowly

EMAIL = "orders.send_email"
HELLO, ACCEPTED, BYE = b"220 ready\r\n", b"250 accepted\r\n", b"221 bye\r\n"
#: Of the sender, the recipient and the e-mail.
SENT = ACCEPTED * 2 + b"354 go ahead\r\n"
LINES = b"220-x\r\n" * 100_000
#: Before anything is handed over; a client without bounds then sends the e-mail.
CONNECTING = {
    "slow greeting": slowly(b"220 ", b"x", b"\r\n" + ACCEPTED + SENT + ACCEPTED + BYE),
    "slow lines": slowly(b"", b"220-x\r\n", HELLO + ACCEPTED + SENT + ACCEPTED + BYE),
    "a greeting without an end": [LINES, HELLO + ACCEPTED + SENT + ACCEPTED + BYE],
    "a slow list of abilities": slowly(HELLO, b"250-x\r\n", ACCEPTED + SENT + ACCEPTED + BYE),
    "a line without an end": [b"220 " + b"x" * 100_000 + b"\r\n"],
}
BEFORE = HELLO + ACCEPTED + SENT
#: In answer to the e-mail itself.
HANDING_OVER = {
    "slow": slowly(BEFORE, b"250-x\r\n", ACCEPTED + BYE),
    "without an end": [BEFORE, LINES.replace(b"220", b"250"), ACCEPTED + BYE],
    "a line without an end": [BEFORE, b"250 " + b"x" * 100_000 + b"\r\n", BYE],
    "no reply": [BEFORE, b"accepted\r\n", BYE],
    "another code": [BEFORE, b"299 accepted as well\r\n", ACCEPTED + BYE],
    "silence": [BEFORE, *[PAUSE] * 20],
}


@pytest.fixture(autouse=True)
def serve(settings: Any) -> Iterator[Any]:
    """Call it with what the mail server says."""
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = (
        "orders.emails.smtp.EmailBackend",
        "127.0.0.1",
        3,
    )
    with ExitStack() as stack:

        def start(parts: list[bytes]) -> Server:
            server = stack.enter_context(serving(parts, first=True))
            settings.EMAIL_PORT = server.port
            return server

        yield start
    mail_server._close(getattr(mail_server._kept, "server", None))
    mail_server._kept.server = None


def send() -> Message:
    """The message of a new order's e-mail, delivered once."""
    order = place_and_acknowledge()
    message = claim_task(task=EMAIL, subject=order.number)
    deliver(message)
    return message


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("parts", CONNECTING.values(), ids=CONNECTING)
def test_a_server_that_cannot_be_talked_to_has_not_been_sent_the_email(settings: Any, serve: Any, parts: list[bytes]):
    settings.CONVEYOR_CIRCUIT_FAILURES = 1
    serve(parts)
    message = send()
    assert (message.state, message.attempts) == (State.PENDING, 1)
    assert not EmailDelivery.objects.exists()
    assert Circuit.objects.get(pk="mail").is_open


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("parts", HANDING_OVER.values(), ids=HANDING_OVER)
def test_an_answer_that_leaves_open_what_became_of_the_email_is_for_an_operator(serve: Any, parts: list[bytes]):
    serve(parts)
    message = send()
    assert (message.state, message.error_type) == (State.DEAD, "orders.emails.delivery.EmailOutcomeUnknown")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("code", [b"450", b"554"])
def test_a_refusal_is_tried_again(serve: Any, code: bytes):
    serve([BEFORE, code + b" not now\r\n", ACCEPTED + BYE])
    assert send().state == State.PENDING
    assert not EmailDelivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_challenge_that_cannot_be_read_is_an_outage(settings: Any, serve: Any):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "shop", "secret"
    serve([HELLO, b"250-shop\r\n250 AUTH CRAM-MD5\r\n", b"334 a\r\n"])
    assert send().state == State.PENDING
    assert not EmailDelivery.objects.exists()


@pytest.mark.parametrize("parts", [[PAUSE] * 20, slowly(b"\x16\x03\x03\x40\x00", b"\x02")], ids=["silent", "slow"])
def test_a_handshake_that_does_not_end_is_cut_off(settings: Any, serve: Any, parts: list[bytes]):
    settings.EMAIL_USE_SSL = True
    serve(parts)
    with pytest.raises(TimeoutError):
        get_connection().open()


def test_a_farewell_that_does_not_end_keeps_nothing_waiting(serve: Any):
    server = serve(slowly(BEFORE + ACCEPTED, b"221-x\r\n", BYE))
    connection = get_connection()
    connection.send_messages([EmailMessage("Hello", "", "shop@shop.example", ["ann@shop.example"])])
    assert server.sent < len(server.parts)


@pytest.mark.parametrize("parts", CONNECTING.values(), ids=CONNECTING)
def test_an_alert_does_not_wait_for_ever(settings: Any, serve: Any, parts: list[bytes]):
    settings.CONVEYOR_ALERT_EMAILS = ["olga@shop.example"]
    serve(parts)
    with pytest.raises(smtplib.SMTPException):
        alerts.send(Alert(key="relay", text="No relay is sending."))
