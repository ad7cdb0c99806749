"""The kept connection to the mail server: used again while it is good, replaced when it is not."""

import smtplib
from collections.abc import Iterator

import pytest
from aiosmtpd.controller import Controller
from django.core.mail import EmailMessage

from orders.emails import mail_server
from tests.ports import free_port


class Server:
    """A real SMTP server that counts connections and refuses the sender `refused@shop.example`."""

    def __init__(self) -> None:
        self.connections, self.accepted = 0, 0
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802 - aiosmtpd's name
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options) -> str:  # noqa: N802
        envelope.mail_from = address
        return "550 no" if address.startswith("refused") else "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        self.accepted += 1
        return "250 accepted"


@pytest.fixture
def server(settings) -> Iterator[Server]:
    made = Server()
    made.controller.start()
    settings.EMAIL_BACKEND = "orders.emails.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = made.controller.hostname, made.controller.port
    yield made
    mail_server._close(getattr(mail_server._kept, "server", None))
    mail_server._kept.server = None
    made.controller.stop()


def send(sender: str = "shop@shop.example") -> None:
    with mail_server.mail_server() as connection:
        connection.send_messages([EmailMessage("Hello", "", sender, ["ann@shop.example"])])


def test_many_emails_need_one_connection(server):
    for _ in range(3):
        send()
    assert (server.connections, server.accepted) == (1, 3)


def test_a_connection_is_not_used_for_longer_than_its_life(server):
    send()
    mail_server._kept.since -= mail_server.LIFE + 1
    send()
    assert (server.connections, server.accepted) == (2, 2)


def test_a_connection_that_the_server_closed_is_replaced(server):
    send()
    mail_server._kept.server.connection.sock.shutdown(2)
    send()
    assert (server.connections, server.accepted) == (2, 2)


def test_a_connection_that_an_error_came_from_is_dropped(server):
    send()
    with pytest.raises(smtplib.SMTPSenderRefused):
        send("refused@shop.example")
    send()
    assert (server.connections, server.accepted) == (2, 2)


def test_a_server_that_is_away_is_an_os_error(server, settings):
    send()
    mail_server._kept.server.connection.sock.shutdown(2)
    settings.EMAIL_PORT = free_port()
    with pytest.raises(OSError, match="refused"):
        send()


def test_a_connection_is_used_for_a_bounded_number_of_emails(server, monkeypatch):
    monkeypatch.setattr(mail_server, "EMAILS", 2)
    for _ in range(3):
        send()
    assert (server.connections, server.accepted) == (2, 3)
