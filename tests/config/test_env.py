"""Mail server settings parsed from EMAIL_URL."""

import pytest

from config.env import MailServer, mail_server


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("", MailServer()),
        ("smtp://mail.example.com", MailServer("mail.example.com", 25)),
        ("smtp+tls://a%40b:p%2Fw@mail.example.com", MailServer("mail.example.com", 587, "a@b", "p/w", starttls=True)),
        ("smtp+ssl://mail.example.com:2465", MailServer("mail.example.com", 2465, tls=True)),
    ],
)
def test_a_mail_servers_url_is_parsed(monkeypatch, url, server):
    monkeypatch.setenv("EMAIL_URL", url)
    assert mail_server() == server
