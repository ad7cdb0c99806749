"""Mail server settings parsed from EMAIL_URL."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from config import env
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


def test_processes_that_start_together_read_the_same_secret_key(tmp_path, monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("CONVEYOR_VAR", str(tmp_path))
    with ThreadPoolExecutor(16) as pool:
        keys = {future.result() for future in [pool.submit(env.secret_key) for _ in range(64)]}
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
