"""Mail server settings parsed from EMAIL_URL, secrets by name, and the note of a running demo."""

import socket
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.parts.mail import MailServer, mail_server
from tests.patience import PATIENCE


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


def test_a_name_may_have_two_secrets_while_one_is_replaced(monkeypatch):
    monkeypatch.setenv("SECRETS", "Swiftpost=new==, landpost=other, swiftpost=old")
    assert env.secrets_by_name("SECRETS") == {"swiftpost": ("new==", "old"), "landpost": ("other",)}


@pytest.mark.parametrize("value", ["hush", "swiftpost=", "=hush", "swiftpost=new,hush"])
def test_a_secret_without_its_name_stops_the_start_and_is_not_printed(monkeypatch, value):
    monkeypatch.setenv("SECRETS", value)
    with pytest.raises(ImproperlyConfigured, match="SECRETS is malformed") as error:
        env.secrets_by_name("SECRETS")
    assert "hush" not in str(error.value)


@pytest.fixture
def var(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVEYOR_VAR", str(tmp_path))
    return tmp_path


def note(var, monkeypatch, **variables):
    """Leave the note of a run with these variables, in an environment that has none of them afterwards."""
    with monkeypatch.context() as its:
        for name, value in variables.items():
            its.setenv(name, value)
            env.text(name)
        env.leave_note(control=var / "control.sock")


def test_a_command_beside_a_running_demo_finds_its_settings(var, monkeypatch):
    monkeypatch.setattr(env, "_read", set())
    for name in ("CONVEYOR_DEMO", "DATABASE_URL", "BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORT", "9000")
    note(var, monkeypatch, CONVEYOR_DEMO="1", DATABASE_URL="sqlite:////tmp/other", PORT="8123")
    assert (var / env.NOTE).stat().st_mode & 0o077 == 0
    with socket.socket(socket.AF_UNIX) as supervisor, monkeypatch.context() as its:
        supervisor.bind(str(var / "control.sock"))
        supervisor.listen()
        for name in ("CONVEYOR_DEMO", "DATABASE_URL"):
            its.setitem(env.os.environ, name, "")  # restored after the test
            del env.os.environ[name]
        env.follow_note()
        assert env.flag("CONVEYOR_DEMO")
        assert env.text("DATABASE_URL") == "sqlite:////tmp/other"
        assert env.text("PORT") == "9000", "what is set in this terminal stays"


def test_a_command_for_another_database_does_not_become_a_demo(var, monkeypatch):
    monkeypatch.setattr(env, "_read", set())
    monkeypatch.delenv("CONVEYOR_DEMO", raising=False)
    note(var, monkeypatch, CONVEYOR_DEMO="1", DATABASE_URL="")
    monkeypatch.setenv("DATABASE_URL", "postgres://shop@db/shop")
    with socket.socket(socket.AF_UNIX) as supervisor:
        supervisor.bind(str(var / "control.sock"))
        supervisor.listen()
        env.follow_note()
    assert not env.flag("CONVEYOR_DEMO")


@pytest.mark.parametrize("damaged", [None, b"", b"[]", b"{}", b"\xff", b'{"control": 1, "variables": {}}'])
def test_a_note_of_a_demo_that_has_ended_or_a_damaged_one_changes_nothing(var, monkeypatch, damaged):
    monkeypatch.setattr(env, "_read", set())
    monkeypatch.delenv("CONVEYOR_DEMO", raising=False)
    note(var, monkeypatch, CONVEYOR_DEMO="1")
    if damaged is not None:
        (var / env.NOTE).write_bytes(damaged)
    env.follow_note()
    assert not env.flag("CONVEYOR_DEMO")


def test_a_supervisor_that_is_too_busy_to_accept_still_answers_and_keeps_nobody_waiting(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as server, ExitStack() as waiting:
        server.bind("control")
        server.listen(0)
        for _place in range(2):
            client = waiting.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.connect("control")
        found: list[bool] = []
        asked = threading.Thread(target=lambda: found.append(env.answers(Path("control"))), daemon=True)
        asked.start()
        asked.join(PATIENCE)
        assert found == [True]
    assert not env.answers(Path("control"))
