"""Does the embedded broker keep its address and its secrets, and give way to others?"""

import socket
import stat

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import valkey
from tests.stack.program import wait_for
from tests.stack.valkey import Valkey


@pytest.fixture
def server(tmp_path):
    server = Valkey(tmp_path)
    yield server
    server.remove()


def test_the_address_is_made_once_and_only_its_owner_reads_it(tmp_path):
    url = valkey.address(folder=tmp_path)
    assert valkey.address(folder=tmp_path) == url
    assert valkey.reclaim(folder=tmp_path) == url
    assert stat.S_IMODE((tmp_path / "valkey.url").stat().st_mode) == 0o600


def test_the_password_stands_in_no_command_line(tmp_path):
    url = valkey.address(folder=tmp_path)
    password = url.split(":")[2].split("@")[0]
    command = valkey.command(url=url, folder=tmp_path)
    assert len(password) >= 24
    assert password not in " ".join(command)
    assert stat.S_IMODE((tmp_path / "valkey" / "valkey.conf").stat().st_mode) == 0o600


def test_another_port_is_chosen_where_a_stranger_holds_the_kept_one(tmp_path):
    url = valkey.address(folder=tmp_path)
    with socket.create_server((valkey.HOST, valkey.port_of(url))):
        other = valkey.reclaim(folder=tmp_path)
    assert valkey.port_of(other) != valkey.port_of(url)
    assert valkey.address(folder=tmp_path) == other


def test_a_server_that_outlived_its_supervisor_is_ended_and_its_messages_are_kept(tmp_path, server):
    server.start()
    with valkey.redis.Redis.from_url(server.url) as client:
        client.set("message", "kept")
    assert valkey.reclaim(folder=tmp_path) == server.url
    wait_for(lambda: server.program.returncode == 0, timeout=5)
    server.start()
    with valkey.redis.Redis.from_url(server.url) as client:
        assert client.get("message") == b"kept"


def test_the_server_refuses_who_has_no_password(server):
    server.start()
    assert valkey.answers(url=server.url)
    assert not valkey.answers(url=f"redis://{valkey.HOST}:{valkey.port_of(server.url)}/0")


def test_a_platform_without_the_server_is_told_to_set_broker_url(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(ImproperlyConfigured, match="Set BROKER_URL"):
        valkey.server_binary()
